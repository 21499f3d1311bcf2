import { PushPopMap } from './push-pop-map.js';

/** `BPF_MAP_TYPE_STACK` (Linux 4.20; kernel/bpf/queue_stack_maps.c): the last value pushed is the first to be popped. */
export class StackMap extends PushPopMap {}
