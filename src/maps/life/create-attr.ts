import { BpfFlags, BpfMapType, hostEndian } from '../../abi/index.js';
import { Btf, BtfMerger, type BtfTypes, codec, extractTypes } from '../../btf/index.js';
import type { Kernel } from '../../kernel/index.js';
import { flagBits, isRing, mapTypeNamed, ringSize, sanitizeBtf } from '../../object/index.js';
import type { AttrRecord } from '../../syscall/index.js';
import { typeNamed } from '../element-as.js';
import type { MapDef } from '../map-def.js';
import type { MapTemplate } from './create-options.js';
import { type MapSizes, sizesOf } from './map-sizes.js';
import { plainType, plainTypes } from './plain-types.js';

/** A template turned into what the kernel is asked for, and what is known of the map afterwards. */
export interface PlannedMap {
  readonly attr: AttrRecord;
  readonly def: MapDef;
  /** BTF to tell the kernel, and the ids of key and value in it. */
  readonly btf: { readonly bytes: Uint8Array; readonly key: number; readonly value: number } | undefined;
}

/** Throws TypeError for a template that is no map's. */
export function planMapCreate(template: MapTemplate, kernel: Kernel, what: string): PlannedMap {
  const type = mapTypeNamed(template.type);
  const own = sizesOf(type);
  const name = checkedName(template.name ?? '', what);
  const key = element(template, 'key', own.key, what);
  const value = element(template, 'value', own.value, what);
  const { btf } = template;
  const { mapExtra, numaNode, ifindex, exclusive } = template;
  return {
    attr: {
      map_type: type,
      key_size: key.size,
      value_size: value.size,
      max_entries: maxEntries(template, type, own, kernel, what),
      map_flags:
        flagBits(template.flags ?? 0) |
        (own.flags ?? 0) |
        (numaNode === undefined ? 0 : BpfFlags.BPF_F_NUMA_NODE),
      ...(name && kernel.has('prog_name') ? { map_name: name.slice(0, 15) } : {}),
      ...(mapExtra ? { map_extra: BigInt(mapExtra) } : {}),
      ...(numaNode === undefined ? {} : { numa_node: numaNode }),
      ...(ifindex ? { map_ifindex: ifindex } : {}),
      ...(exclusive ? { excl_prog_hash: exclusive, excl_prog_hash_size: exclusive.length } : {}),
    },
    def: {
      name: name || 'without a name',
      ...(btf ? { btf } : {}),
      ...key.def,
      ...value.def,
      ...(template.event ? { eventTypeId: eventTypeId(btf, template.event, what) } : {}),
    },
    btf: kernel.has('btf') ? kernelBtf(key, value, kernel) : undefined,
  };
}

interface PlannedElement {
  readonly size: number;
  /** What the kernel is told of it. */
  readonly type: { readonly btf: BtfTypes; readonly id: number } | undefined;
  readonly def: Pick<MapDef, 'keyTypeId' | 'valueTypeId' | 'keyCodec' | 'valueCodec'>;
}

function element(
  template: MapTemplate,
  which: 'key' | 'value',
  settled: number | undefined,
  what: string,
): PlannedElement {
  const given = template[which] ?? settled;
  if (given === undefined)
    throw new TypeError(`${what}: ${which}: give its size in bytes, the name of its type, or a codec`);
  if (typeof given === 'number') {
    if (!Number.isInteger(given) || given < 0 || given > 0xffffffff)
      throw new TypeError(`${what}: ${which}: ${given} is not a number of bytes`);
    return { size: given, type: undefined, def: {} };
  }
  if (typeof given !== 'string')
    return { size: given.size, type: undefined, def: { [`${which}Codec` as const]: given } };
  return typed(template.btf, which, given, what);
}

function typed(
  btf: BtfTypes | undefined,
  which: 'key' | 'value',
  name: string,
  what: string,
): PlannedElement {
  const id = btf && typeNamed(btf, name);
  if (btf && id !== undefined)
    return { size: btf.sizeOf(id), type: { btf, id }, def: { [`${which}TypeId` as const]: id } };
  const plain = plainType(name);
  if (plain === undefined) throw noType(btf, which, name, what);
  const type = { btf: plainTypes(), id: plain };
  const plainCodec = codec(type.btf, plain);
  return { size: plainCodec.size, type, def: { [`${which}Codec` as const]: plainCodec } };
}

function eventTypeId(btf: BtfTypes | undefined, name: string, what: string): number {
  const id = btf && typeNamed(btf, name);
  if (id === undefined) throw noType(btf, 'event', name, what);
  return id;
}

function noType(btf: BtfTypes | undefined, which: string, name: string, what: string): TypeError {
  const where = btf ? 'in the BTF given' : 'without BTF: give it in `btf`';
  return new TypeError(`${what}: ${which}: there is no type ${name} ${where}`);
}

/** The characters that the kernel takes (bpf_obj_name_cpy in kernel/bpf/syscall.c). */
function checkedName(name: string, what: string): string {
  if (/^[A-Za-z0-9_.]*$/.test(name)) return name;
  throw new TypeError(`${what}: name ${JSON.stringify(name)}: only letters, digits, _ and . are allowed`);
}

function maxEntries(
  { maxEntries: given }: MapTemplate,
  type: number,
  { unbounded }: MapSizes,
  kernel: Kernel,
  what: string,
): number {
  if (given === undefined) {
    if (unbounded) return 0;
    if (perCpu.includes(type)) return kernel.possibleCpus;
    throw new TypeError(`${what}: maxEntries: give the number of its ${isRing(type) ? 'bytes' : 'entries'}`);
  }
  if (!Number.isInteger(given) || given < 0 || given > 0xffffffff)
    throw new TypeError(`${what}: maxEntries: ${given} is not a u32`);
  return isRing(type) ? ringSize(given, kernel.pageSize) : given;
}

const perCpu: readonly number[] = [BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY, BpfMapType.BPF_MAP_TYPE_CPUMAP];

/**
 * As much of the BTF as the kernel needs to know of the map. It takes a value's type only with a key's (map_check_btf in kernel/bpf/syscall.c), so
 * where the key is an index it is told that.
 */
function kernelBtf(key: PlannedElement, value: PlannedElement, kernel: Kernel): PlannedMap['btf'] {
  const keyType = key.type ?? (key.size === 4 ? { btf: plainTypes(), id: plainType('u32') ?? 0 } : undefined);
  if (!value.type || (!keyType && key.size !== 0)) return undefined;
  const merger = new BtfMerger(hostEndian);
  const ids = [keyType, value.type].map(type => (type ? appended(merger, type.btf, type.id) : 0));
  const own = Btf.parse(merger.bytes(), { file: 'types of a map' });
  return { bytes: sanitizeBtf(own, kernel), key: ids[0] ?? 0, value: ids[1] ?? 0 };
}

function appended(merger: BtfMerger, btf: BtfTypes, id: number): number {
  const { bytes, ids } = extractTypes(btf, [id], hostEndian);
  const now = merger.add(Btf.parse(bytes, { file: 'types of a map' }));
  return now[ids.get(id) ?? 0] ?? 0;
}
