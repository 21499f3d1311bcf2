import type { Element } from '../element-codec.js';
import { KeyValueMap } from '../key-value-map.js';

/** `BPF_MAP_TYPE_HASH` (Linux 3.19; kernel/bpf/hashtab.c). */
export class HashMap<K = Element, V = Element> extends KeyValueMap<K, V> {}
