import type { Element } from '../element-codec.js';
import { KeyValueMap } from '../key-value-map.js';

/** `BPF_MAP_TYPE_RHASH` (Linux 7.2; kernel/bpf/hashtab.c): a hash that grows and shrinks with what is in it, up to max_entries. It is made with BPF_F_NO_PREALLOC. */
export class RhashMap<K = Element, V = Element> extends KeyValueMap<K, V> {}
