import type { Btf } from './btf.js';
import { BtfMerger } from './merge.js';
import type { BtfType } from './types.js';

/**
 * Encodes types as a BTF blob (`struct btf_header`, types, strings; include/uapi/linux/btf.h), ready for BPF_BTF_LOAD. The first type gets
 * id 1, or with a base the one after those of the base, the next the one after it; the ids that types carry are not looked at, those that they refer to are kept. Equal names
 * are stored once. Throws TypeError for `void`, which every blob has as type 0.
 */
export function encodeBtf(types: readonly BtfType[], endian: 'little' | 'big', base?: Btf): Uint8Array {
  const merger = new BtfMerger(endian, base);
  for (const type of types) merger.addType(type);
  return merger.bytes();
}
