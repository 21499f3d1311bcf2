import { BpfMapType, type DecodedRecord, enumName } from '../abi/index.js';
import type { Kernel } from '../kernel/index.js';
import { BpfError, type OwnedFd, type Sys } from '../syscall/index.js';
import type { MapDef } from './map-def.js';

/** What every map is made from. */
export interface MapParts {
  readonly sys: Sys;
  readonly kernel: Kernel;
  readonly fd: OwnedFd;
  readonly def: MapDef;
  /** `struct bpf_map_info` of the fd. */
  readonly info: DecodedRecord;
}

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

  /** Closing twice does nothing. */
  close(): void {
    this.parts.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The error for a refused call on this map. */
  protected refused(cmd: number, errno: number, hint?: string): BpfError {
    const kind =
      enumName(BpfMapType, this.type)?.replace('BPF_MAP_TYPE_', '').toLowerCase() ?? `type ${this.type}`;
    return new BpfError({
      syscall: 'bpf',
      cmd,
      errno,
      what: `map ${this.name} (${kind})`,
      ...(hint ? { hint } : {}),
    });
  }
}
