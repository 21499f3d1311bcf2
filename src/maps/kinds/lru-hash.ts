import type { Element } from '../element-codec.js';
import { KeyValueMap } from '../key-value-map.js';

/**
 * `BPF_MAP_TYPE_LRU_HASH` (Linux 4.10; kernel/bpf/hashtab.c): a hash that, when it is full, makes room by dropping what was not used for
 * long. `get` counts as no use (htab_lru_map_lookup_elem_sys), and keys go a few at a time, before the map is quite full.
 */
export class LruHashMap<K = Element, V = Element> extends KeyValueMap<K, V> {}
