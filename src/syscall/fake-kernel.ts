import {
  BpfCmd,
  bpfBtfInfo,
  bpfLinkInfo,
  bpfMapInfo,
  bpfProgInfo,
  type DecodedRecord,
  type Struct,
  type StructRecord,
} from '../abi/index.js';
import { Errno } from './errno.js';
import { FakeMap } from './fake-map.js';

/** What an fd of the fake kernel refers to. */
export type FakeObject =
  | { readonly kind: 'map'; readonly id: number; readonly map: FakeMap }
  | { readonly kind: 'prog' | 'btf' | 'link'; readonly id: number; readonly attr: DecodedRecord }
  | { readonly kind: 'socket'; readonly sent: Uint8Array[] }
  | { readonly kind: 'perf event' | 'epoll' | 'pidfd' | 'mount' | 'file' | 'iterator' | 'statistics' };

type WithId = Extract<FakeObject, { id: number }>;
type Memory = (address: unknown) => Uint8Array;
/** A result, and fields of the attr that the kernel writes. */
export interface FakeResult {
  readonly result: number;
  readonly changed?: StructRecord;
}

const kinds = { PROG: 'prog', MAP: 'map', BTF: 'btf', LINK: 'link' } as const;
const names = new Map(Object.entries(BpfCmd).map(([name, cmd]) => [cmd as number, name]));
const elementCommands: readonly number[] = [
  BpfCmd.BPF_MAP_LOOKUP_ELEM,
  BpfCmd.BPF_MAP_UPDATE_ELEM,
  BpfCmd.BPF_MAP_DELETE_ELEM,
  BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BpfCmd.BPF_MAP_GET_NEXT_KEY,
];

/** As much of the kernel's side of bpf(2) as loading and attaching need, in memory. It verifies nothing: every program loads. */
export class FakeKernel {
  readonly fds = new Map<number, FakeObject>();
  readonly #pins = new Map<string, FakeObject>();
  /** Objects by id, as long as an fd or a pin holds them; those that nothing holds are not found. */
  readonly #ids = new Map<number, WithId>();
  #nextId = 1;

  /** Gives an object the lowest free fd from 3. */
  open(object: FakeObject): number {
    let fd = 3;
    while (this.fds.has(fd)) fd++;
    this.fds.set(fd, object);
    if ('id' in object) this.#ids.set(object.id, object);
    return fd;
  }

  bpf(cmd: number, attr: DecodedRecord, memory: Memory): FakeResult {
    if (elementCommands.includes(cmd)) return { result: this.#element(cmd, attr, memory) };
    const byId = /^BPF_(PROG|MAP|BTF|LINK)_GET_(NEXT_ID|FD_BY_ID)$/.exec(names.get(cmd) ?? '');
    if (byId) return this.#byId(kinds[byId[1] as keyof typeof kinds], byId[2] === 'NEXT_ID', attr);
    if (cmd === BpfCmd.BPF_OBJ_GET_INFO_BY_FD) return this.#info(attr, memory);
    return { result: this.#object(cmd, attr, memory) };
  }

  #object(cmd: number, attr: DecodedRecord, memory: Memory): number {
    const fd = (field: string): number => attr[field] as number;
    switch (cmd) {
      case BpfCmd.BPF_MAP_CREATE: {
        const map = FakeMap.create(attr);
        return typeof map === 'number' ? map : this.open({ kind: 'map', id: this.#nextId++, map });
      }
      case BpfCmd.BPF_PROG_LOAD:
        return attr['insn_cnt'] ? this.#make('prog', attr) : -Errno.E2BIG;
      case BpfCmd.BPF_BTF_LOAD:
        return this.#make('btf', attr);
      case BpfCmd.BPF_LINK_CREATE:
      case BpfCmd.BPF_RAW_TRACEPOINT_OPEN:
        return this.#is('prog', fd('prog_fd')) ? this.#make('link', attr) : -Errno.EBADF;
      case BpfCmd.BPF_LINK_UPDATE:
      case BpfCmd.BPF_LINK_DETACH:
        return this.#is('link', fd('link_fd')) ? 0 : -Errno.EBADF;
      case BpfCmd.BPF_ITER_CREATE:
        return this.#is('link', fd('link_fd')) ? this.open({ kind: 'iterator' }) : -Errno.EBADF;
      case BpfCmd.BPF_PROG_BIND_MAP:
        return this.#is('prog', fd('prog_fd')) && this.#is('map', fd('map_fd')) ? 0 : -Errno.EBADF;
      case BpfCmd.BPF_PROG_TEST_RUN:
        return this.#is('prog', fd('prog_fd')) ? 0 : -Errno.EBADF;
      case BpfCmd.BPF_PROG_ATTACH:
      case BpfCmd.BPF_PROG_DETACH:
        return 0;
      case BpfCmd.BPF_MAP_FREEZE: {
        const map = this.#map(fd('map_fd'));
        if (!map) return -Errno.EBADF;
        return map.freeze();
      }
      case BpfCmd.BPF_ENABLE_STATS:
        return this.open({ kind: 'statistics' });
      case BpfCmd.BPF_OBJ_PIN:
        return this.#pin(text(memory(attr['pathname'])), fd('bpf_fd'));
      case BpfCmd.BPF_OBJ_GET: {
        const pinned = this.#pins.get(text(memory(attr['pathname'])));
        return pinned ? this.open(pinned) : -Errno.ENOENT;
      }
      case BpfCmd.BPF_TOKEN_CREATE:
        return -Errno.EOPNOTSUPP;
      default:
        return -Errno.EINVAL;
    }
  }

  #make(kind: 'prog' | 'btf' | 'link', attr: DecodedRecord): number {
    return this.open({ kind, id: this.#nextId++, attr });
  }

  #is(kind: FakeObject['kind'], fd: number): boolean {
    return this.fds.get(fd | 0)?.kind === kind;
  }

  #map(fd: number): FakeMap | undefined {
    const object = this.fds.get(fd | 0);
    return object?.kind === 'map' ? object.map : undefined;
  }

  #pin(path: string, fd: number): number {
    const object = this.fds.get(fd | 0);
    if (!object) return -Errno.EBADF;
    if (this.#pins.has(path)) return -Errno.EEXIST;
    this.#pins.set(path, object);
    return 0;
  }

  #element(cmd: number, attr: DecodedRecord, memory: Memory): number {
    const map = this.#map(attr['map_fd'] as number);
    if (!map) return -Errno.EBADF;
    const key = attr['key'] === 0n ? undefined : memory(attr['key']);
    const value = (): Uint8Array => memory(attr['value']);
    const flags = Number(attr['flags']);
    switch (cmd) {
      case BpfCmd.BPF_MAP_UPDATE_ELEM:
        return map.update(key, value(), flags);
      case BpfCmd.BPF_MAP_DELETE_ELEM:
        return map.delete(key);
      case BpfCmd.BPF_MAP_GET_NEXT_KEY:
        return map.nextKey(key, value());
      case BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM:
        return map.lookupAndDelete(key, value());
      default:
        return map.lookup(key, value());
    }
  }

  #byId(kind: WithId['kind'], next: boolean, attr: DecodedRecord): FakeResult {
    const start = attr['start_id'] as number;
    const held = [...this.fds.values(), ...this.#pins.values()];
    const ids = [...this.#ids.values()].filter(object => object.kind === kind && held.includes(object));
    const found = ids
      .map(object => object.id)
      .sort((a, b) => a - b)
      .find(id => (next ? id > start : id === start));
    if (found === undefined) return { result: -Errno.ENOENT };
    if (next) return { result: 0, changed: { next_id: found } };
    return { result: this.open(this.#ids.get(found)!) };
  }

  #info(attr: DecodedRecord, memory: Memory): FakeResult {
    const object = this.fds.get((attr['bpf_fd'] as number) | 0);
    if (!object || !('id' in object)) return { result: -Errno.EBADF };
    const [schema, info] = infoOf(object);
    const given = memory(attr['info']).subarray(0, attr['info_len'] as number);
    const whole = schema.encode(info).subarray(0, given.length);
    given.set(whole);
    return { result: 0, changed: { info_len: whole.length } };
  }
}

function infoOf(object: WithId): readonly [schema: Struct, info: StructRecord] {
  const { kind, id } = object;
  if (kind === 'map') return [bpfMapInfo, { id, ...object.map.info() }];
  const { attr } = object;
  if (kind === 'btf') return [bpfBtfInfo, { id, btf_size: attr['btf_size'] as number }];
  if (kind === 'link') return [bpfLinkInfo[0], { id }];
  return [
    bpfProgInfo,
    {
      id,
      type: attr['prog_type'] as number,
      name: attr['prog_name'] as string,
      xlated_prog_len: (attr['insn_cnt'] as number) * 8,
      verified_insns: attr['insn_cnt'] as number,
    },
  ];
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
