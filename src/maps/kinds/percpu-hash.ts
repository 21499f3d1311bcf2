import type { Element } from '../element-codec.js';
import { PercpuMap } from './percpu-map.js';

/** `BPF_MAP_TYPE_PERCPU_HASH` (Linux 4.6; kernel/bpf/hashtab.c). A new key set by a program starts as zero on the other CPUs. */
export class PercpuHashMap<K = Element, V = Element> extends PercpuMap<K, V> {}
