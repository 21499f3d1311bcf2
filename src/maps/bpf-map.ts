import { resolve } from 'node:path';
import { BpfCmd, BpfMapType, type DecodedRecord, enumName } from '../abi/index.js';
import type { Kernel } from '../kernel/index.js';
import { BpfError, bpf, Errno, type OwnedFd, type Sys } from '../syscall/index.js';
import { pinMap, unpinMap } from './life/map-pin.js';
import type { MapDef } from './map-def.js';
import { type MapInfo, readMapInfo } from './map-info.js';

/** What every map is made from. */
export interface MapParts {
  readonly sys: Sys;
  readonly kernel: Kernel;
  readonly fd: OwnedFd;
  readonly def: MapDef;
  /** `struct bpf_map_info` of the fd. */
  readonly info: DecodedRecord;
  /** Makes a map of another fd, for maps that hold maps. */
  readonly wrap: (fd: OwnedFd, def: MapDef) => BpfMap;
}

/** Why a call was refused, by errno. */
export type Reasons = Readonly<Record<number, string | (() => string)>>;

/** A live map. It owns its fd: `close()`, or the end of a `using` block, lets it go; the kernel frees the map when nothing else holds it. Sizes are bytes, as the kernel reports them for the fd. */
export class BpfMap implements Disposable {
  readonly name: string;
  /** `enum bpf_map_type`. */
  readonly type: number;
  readonly id: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** `BPF_F_*` of map creation. */
  readonly flags: number;
  protected readonly parts: MapParts;
  readonly #pins = new Set<string>();

  constructor(parts: MapParts) {
    this.parts = parts;
    this.name = parts.def.name;
    const { type, id, key_size, value_size, max_entries, map_flags } = parts.info as Record<string, number>;
    this.type = type!;
    this.id = id!;
    this.keySize = key_size!;
    this.valueSize = value_size!;
    this.maxEntries = max_entries!;
    this.flags = map_flags!;
  }

  /** The file descriptor. Throws TypeError after close(). */
  get fd(): number {
    return this.parts.fd.value;
  }

  get closed(): boolean {
    return this.parts.fd.closed;
  }

  /** What the kernel says of the map now. Throws BpfError. */
  info(): MapInfo {
    return readMapInfo(this.parts.sys, this.fd, `map ${this.name}`);
  }

  /**
   * Pins the map at a path of a bpf file system (Linux 4.4), where it outlives this process. Throws BpfError that says what is amiss: no bpf file
   * system (EPERM), a dot in the name (EPERM), something there already (EEXIST), no such folder (ENOENT).
   */
  pin(path: string): this {
    this.#pins.add(pinMap(this.parts.sys, this.fd, path, `map ${this.name}`));
    return this;
  }

  /**
   * Takes a pin of the map away; without a path, those that this handle made. False when there was none. Throws MapError, and removes nothing, when
   * something else is pinned at the path.
   */
  unpin(path?: string): boolean {
    let found = false;
    for (const pin of path === undefined ? [...this.#pins] : [resolve(path)]) {
      found = unpinMap(this.parts.sys, this.id, pin, `map ${this.name}`) || found;
      this.#pins.delete(pin);
    }
    return found;
  }

  /** Makes the map read-only for user space, for good; programs go on writing it (Linux 5.2). Throws BpfError: EBUSY while a writable mapping of it is open, EPERM when it is frozen already. */
  freeze(): this {
    const result = bpf(this.parts.sys, BpfCmd.BPF_MAP_FREEZE, { map_fd: this.fd });
    if (result < 0) throw this.refused(BpfCmd.BPF_MAP_FREEZE, -result, freezeHint(-result));
    return this;
  }

  /** Closing twice does nothing. */
  close(): void {
    this.parts.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The error for a refused call on this map; `done` elements of those it was about were done. */
  protected refused(cmd: number, errno: number, hint?: string, done?: number): BpfError {
    const kind =
      enumName(BpfMapType, this.type)?.replace('BPF_MAP_TYPE_', '').toLowerCase() ?? `type ${this.type}`;
    return new BpfError({
      syscall: 'bpf',
      cmd,
      errno,
      what: `map ${this.name} (${kind})`,
      ...hinted(this.#accessHint(errno) ?? hint),
      ...(done === undefined ? {} : { done }),
    });
  }

  /** Calls; of a refusal that its family can explain, by errno, it says why. */
  protected explained<T>(cmd: number, reasons: Reasons, call: () => T): T {
    try {
      return call();
    } catch (error) {
      const reason = error instanceof BpfError ? reasons[error.errno] : undefined;
      if (reason === undefined) throw error;
      throw this.refused(cmd, (error as BpfError).errno, typeof reason === 'string' ? reason : reason());
    }
  }

  #accessHint(errno: number): string | undefined {
    const { access } = this.parts.def;
    return errno === Errno.EPERM && access ? `it was opened to ${access} only` : undefined;
  }
}

function hinted(hint: string | undefined): { hint?: string } {
  return hint ? { hint } : {};
}

/** map_freeze in kernel/bpf/syscall.c. */
function freezeHint(errno: number): string | undefined {
  if (errno === Errno.EBUSY) return 'a writable mapping of it is open, or it is frozen already';
  if (errno === Errno.EPERM) return 'it is frozen already, or was opened to read only';
  if (errno === Errno.ENOTSUPP)
    return 'maps of this type, and those that hold timers or kernel pointers, cannot be frozen';
  return undefined;
}
