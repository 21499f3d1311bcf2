import type { Element } from '../element-codec.js';
import { PercpuMap } from './percpu-map.js';

/** `BPF_MAP_TYPE_LRU_PERCPU_HASH` (Linux 4.10; kernel/bpf/hashtab.c): an {@link LruHashMap} with a value for each CPU. */
export class LruPercpuHashMap<K = Element, V = Element> extends PercpuMap<K, V> {}
