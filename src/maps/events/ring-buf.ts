import { BpfFlags } from '../../abi/index.js';
import { EventMap } from './event-map.js';
import type { ReaderOptions } from './event-reader.js';
import type { EventSource } from './event-source.js';
import { RingOverwriteSource } from './ring-overwrite-source.js';
import { RingSource } from './ring-source.js';

/**
 * `BPF_MAP_TYPE_RINGBUF` (Linux 5.8; kernel/bpf/ringbuf.c): one buffer for all CPUs, in order, `maxEntries` bytes. One reader at a time, also among
 * processes: readers share the position.
 *
 * With `BPF_F_RB_OVERWRITE` (Linux 6.19) new records take the place of the oldest, read or not: `metrics().overwritten` counts their bytes.
 * Such a reader hands over copies.
 */
export class RingBuf extends EventMap {
  protected source(_options: ReaderOptions): EventSource {
    const { sys } = this.parts;
    const overwrites = (this.flags & BpfFlags.BPF_F_RB_OVERWRITE) !== 0;
    const Source = overwrites ? RingOverwriteSource : RingSource;
    return new Source(sys, this.fd, this.maxEntries, this.name);
  }
}
