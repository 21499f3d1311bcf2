import type { BtfTypes } from '../btf/index.js';
import type { Mapping } from '../syscall/index.js';

/** How the user of a map reads and writes its keys or values: a `Codec` of BTF, or a codec of one's own. `bytes` has exactly `size` bytes from `offset`. */
export interface ElementType {
  /** Bytes of one key or value; must be what the kernel says of the map. */
  readonly size: number;
  read(bytes: Uint8Array, offset?: number): unknown;
  /** Must write all `size` bytes, and throw TypeError for a value that does not fit. */
  write(bytes: Uint8Array, value: unknown, offset?: number): void;
}

/** What a handle of a map may do, where it may not do both. */
export type MapAccess = 'read' | 'write';

/** What is known of a map of maps' inner maps. Sizes are bytes. */
export interface InnerMapDef extends MapDef {
  /** `enum bpf_map_type`. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
}

/** What is known of a map beyond what the kernel says of its fd. */
export interface MapDef {
  /** Name in the object; the kernel's is cut to 15 characters. */
  readonly name: string;
  readonly btf?: BtfTypes;
  /** BTF type ids of key and value; without one, keys and values are bytes. */
  readonly keyTypeId?: number;
  readonly valueTypeId?: number;
  /** BTF type id of the records of a ring or perf buffer. */
  readonly eventTypeId?: number;
  /** Codecs that go before the BTF types. */
  readonly keyCodec?: ElementType;
  readonly valueCodec?: ElementType;
  /** Of an arena that is mapped already: where. */
  readonly arena?: Mapping;
  /** Of a struct_ops map: the value that registers it, with the fds of its programs. */
  readonly structOps?: Uint8Array;
  /** Of a map of maps. */
  readonly inner?: InnerMapDef;
  /** Set when the fd was opened to read or to write only. */
  readonly access?: MapAccess;
}
