import type { BtfTypes } from '../btf/index.js';

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
}
