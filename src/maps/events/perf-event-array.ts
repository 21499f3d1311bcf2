import { EventMap } from './event-map.js';
import type { ReaderOptions } from './event-reader.js';
import type { EventSource } from './event-source.js';
import { PerfSource } from './perf-source.js';

export interface PerfReaderOptions extends ReaderOptions {
  /** Pages of data for each CPU, a power of two. Default 64. */
  readonly pages?: number;
  /** Events of a CPU after which its buffer wakes the reader. Default 1. */
  readonly wakeupEvents?: number;
  /** Bytes of a CPU's buffer that wake the reader, in place of events; fewer than its buffer has. */
  readonly watermark?: number;
  /**
   * Keeps the newest events in place of the oldest when a buffer is full: a flight recorder (Linux 4.7). Each event is read once; those written over
   * are counted in bytes, `metrics().overwritten`.
   */
  readonly overwrite?: boolean;
}

/**
 * `BPF_MAP_TYPE_PERF_EVENT_ARRAY` (Linux 4.3; kernel/bpf/arraymap.c): a buffer for each CPU. Events are in order on each CPU, not among them. The
 * kernel tells how many it lost.
 *
 * A reader opens the CPUs that are online when it is made; for one that comes later, make another. One reader at a time: the map has
 * one slot for a CPU.
 *
 * A program can send 65,516 bytes at most. The kernel lets the 16 bits of a larger record's size wrap (perf_prepare_sample in kernel/events/core.c), so
 * that it is lost or damages the buffer, which is then a DamagedBufferError.
 */
export class PerfEventArray extends EventMap<PerfReaderOptions> {
  #source: PerfSource | undefined;

  protected source(options: PerfReaderOptions): EventSource {
    const { pages = 64, wakeupEvents = 1, watermark, overwrite = false } = options;
    if (!Number.isInteger(pages) || pages < 1 || (pages & (pages - 1)) !== 0)
      throw new TypeError(`map ${this.name}: pages is ${pages}, must be a power of two`);
    this.#positive('wakeupEvents', wakeupEvents);
    this.#positive('watermark', watermark ?? 1);
    if (this.#source && !this.#source.closed)
      throw new TypeError(`map ${this.name}: a reader is open; close it before another is made`);
    const { sys, kernel } = this.parts;
    this.#source = new PerfSource({
      sys,
      fd: this.fd,
      name: this.name,
      maxEntries: this.maxEntries,
      cpus: kernel.onlineCpus,
      pages,
      overwrite,
      wakeup: watermark === undefined ? { events: wakeupEvents } : { bytes: watermark },
    });
    return this.#source;
  }

  #positive(option: string, value: number): void {
    if (!Number.isInteger(value) || value < 1 || value > 0xffffffff)
      throw new TypeError(`map ${this.name}: ${option} is ${value}, must be a whole number from 1`);
  }
}
