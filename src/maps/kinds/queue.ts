import { PushPopMap } from './push-pop-map.js';

/** `BPF_MAP_TYPE_QUEUE` (Linux 4.20; kernel/bpf/queue_stack_maps.c): the first value pushed is the first to be popped. */
export class QueueMap extends PushPopMap {}
