import type { Element } from '../element-codec.js';
import { PercpuMap } from './percpu-map.js';

/** `BPF_MAP_TYPE_PERCPU_ARRAY` (Linux 4.6; kernel/bpf/arraymap.c): keys are the indexes 0 to maxEntries - 1, all of them always there. */
export class PercpuArrayMap<K = Element, V = Element> extends PercpuMap<K, V> {}
