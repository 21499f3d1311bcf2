import { KeyValueMap } from './key-value-map.js';

/** `BPF_MAP_TYPE_ARRAY` (Linux 3.19; kernel/bpf/arraymap.c): keys are the indexes 0 to maxEntries - 1, all of them always there. */
export class ArrayMap extends KeyValueMap {}
