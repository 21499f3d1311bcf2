import type { BtfTypes } from '../../btf/index.js';
import type { MapFlag, MapTypeName } from '../../object/index.js';
import type { Sys } from '../../syscall/index.js';
import type { FdSource } from '../borrowed-fd.js';
import type { BpfMap } from '../bpf-map.js';
import type { ElementType } from '../map-def.js';

/** What a map made by hand is to be. */
export interface MapTemplate {
  /** As bpftool names it (`percpu_hash`), or `enum bpf_map_type`. */
  readonly type: MapTypeName | number;
  /** Letters, digits, `_` and `.`; the kernel keeps the first 15 characters (Linux 4.15). */
  readonly name?: string;
  /**
   * Of what its keys and values are: bytes by their number; a type by its name, of `btf` or plain (`u8` to `u64`, `s8` to `s64`, `int`, `bool`), which
   * the kernel is told; or a codec. Not needed where the map's type settles it: an array's keys, a map of maps' values.
   */
  readonly key?: number | string | ElementType;
  readonly value?: number | string | ElementType;
  /**
   * Entries; bytes of a ring buffer, which are rounded up to a power of two of pages; pages of an arena. Default: as many as there are CPUs for a perf
   * event array and a cpumap.
   */
  readonly maxEntries?: number;
  /** `BPF_F_*` or their names: `['no_prealloc']`. Those without which the kernel refuses the type are added. */
  readonly flags?: number | readonly MapFlag[];
  /** Linux 5.16: hash functions of a bloom filter, address of an arena. */
  readonly mapExtra?: number | bigint;
  /** NUMA node for the map's memory (Linux 4.14). */
  readonly numaNode?: number;
  /** Network device to offload the map to (Linux 4.16). */
  readonly ifindex?: number;
  /** Types that `key`, `value` and `event` name: `object.spec.btf`, the BTF of a kernel. */
  readonly btf?: BtfTypes;
  /** Of a ring or perf buffer: the type of its events, by name. */
  readonly event?: string;
  /** Of a map of maps: what its maps are like, a template or a map that is like them. */
  readonly inner?: MapTemplate | FdSource;
  /** SHA-256 of the only program that may use the map (Linux 6.18): see {@link programHash}. */
  readonly exclusive?: Uint8Array;
}

export interface CreateMapOptions<T extends BpfMap = BpfMap> extends MapTemplate {
  /** The class that the map is to be of, for the compiler to know. */
  readonly kind?: abstract new (
    ...args: never[]
  ) => T;
  readonly sys?: Sys;
}
