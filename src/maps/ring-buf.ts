import { BpfFlags } from '../abi/index.js';
import { NotYetError } from '../errors/index.js';
import { EventMap } from './event-map.js';
import type { ReaderOptions } from './event-reader.js';
import type { EventSource } from './event-source.js';
import { RingSource } from './ring-source.js';

/**
 * `BPF_MAP_TYPE_RINGBUF` (Linux 5.8; kernel/bpf/ringbuf.c): one buffer for all CPUs, in order, `maxEntries` bytes. One reader at a time, also among
 * processes: readers share the position.
 *
 * A ring that writes over its oldest records (`BPF_F_RB_OVERWRITE`, Linux 6.19) can't be read yet: NotYetError.
 */
export class RingBuf extends EventMap {
  protected source(_options: ReaderOptions): EventSource {
    if (this.flags & BpfFlags.BPF_F_RB_OVERWRITE)
      throw new NotYetError([`map ${this.name}: a ring buffer that overwrites (BPF_F_RB_OVERWRITE)`]);
    return new RingSource(this.parts.sys, this.fd, this.maxEntries, this.name);
  }
}
