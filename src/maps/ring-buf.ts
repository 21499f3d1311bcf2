import { EventMap } from './event-map.js';
import type { EventSource } from './event-source.js';
import { RingSource } from './ring-source.js';

/** `BPF_MAP_TYPE_RINGBUF` (Linux 5.8; kernel/bpf/ringbuf.c): one buffer for all CPUs, in order, `maxEntries` bytes. */
export class RingBuf extends EventMap {
  protected source(): EventSource {
    return new RingSource(this.parts.sys, this.fd, this.maxEntries, this.name);
  }
}
