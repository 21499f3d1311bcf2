import { KeyValueMap } from './key-value-map.js';

/** `BPF_MAP_TYPE_HASH` (Linux 3.19; kernel/bpf/hashtab.c). */
export class HashMap extends KeyValueMap {}
