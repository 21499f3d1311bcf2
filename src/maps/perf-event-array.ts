import { EventMap } from './event-map.js';
import type { ReaderOptions } from './event-reader.js';
import type { EventSource } from './event-source.js';
import { PerfSource } from './perf-source.js';

export interface PerfReaderOptions extends ReaderOptions {
  /** Pages of data for each CPU, a power of two. Default 64. */
  readonly pages?: number;
}

/** `BPF_MAP_TYPE_PERF_EVENT_ARRAY` (Linux 4.3; kernel/bpf/arraymap.c): a buffer for each CPU. The kernel tells how many events it lost. */
export class PerfEventArray extends EventMap<PerfReaderOptions> {
  protected source({ pages = 64 }: PerfReaderOptions): EventSource {
    if (!Number.isInteger(pages) || pages < 1 || (pages & (pages - 1)) !== 0)
      throw new TypeError(`map ${this.name}: pages is ${pages}, must be a power of two`);
    const { sys, kernel } = this.parts;
    return new PerfSource({
      sys,
      fd: this.fd,
      name: this.name,
      maxEntries: this.maxEntries,
      cpus: kernel.onlineCpus,
      pages,
    });
  }
}
