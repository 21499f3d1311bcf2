import { BpfError, PERF_EVENT_IOC_PAUSE_OUTPUT, type Sys } from '../../syscall/index.js';
import { littleEndian } from '../host-endian.js';
import type { LostVisitor, RecordVisitor } from './event-source.js';
import type { PerfBuffer } from './perf-buffer.js';
import type { PerfPages } from './perf-pages.js';
import { isSample, PERF_HEADER, visitRecord } from './perf-record.js';

/**
 * A CPU's buffer in which new records take the place of the oldest: mapped for reading only, written backward (`write_backward`), so that the head is
 * the newest record and the older ones follow it (kernel/events/ring_buffer.c, Linux 4.7). The event is paused while what is new is copied;
 * what is sent meanwhile counts as lost. Records are handed over oldest first.
 */
export class PerfOverwriteBuffer implements PerfBuffer {
  readonly cpu: number;
  readonly size: number;
  received = 0;
  overwritten = 0;
  readonly #sys: Sys;
  readonly #pages: PerfPages;
  readonly #head: BigUint64Array<ArrayBuffer>;
  #readTo = 0n;
  /** What was copied, and where its records begin, newest first; those handed over are taken off. */
  #window = new Uint8Array(0);
  readonly #starts: number[] = [];

  constructor(sys: Sys, pages: PerfPages) {
    this.#sys = sys;
    this.#pages = pages;
    this.cpu = pages.cpu;
    this.size = pages.size;
    this.#head = new BigUint64Array(pages.head.buffer, pages.head.byteOffset, 1);
  }

  get available(): number {
    if (this.#pages.closed) return 0;
    return Math.min(this.#written(Atomics.load(this.#head, 0)), this.size);
  }

  drain(visit: RecordVisitor, lost: LostVisitor, limit: number): boolean {
    if (this.#starts.length === 0 && this.available > 0) this.#copy();
    const window = this.#window;
    let count = 0;
    while (this.#starts.length > 0) {
      if (count === limit) return true;
      const start = this.#starts.pop() as number;
      if (isSample(window, start)) {
        count++;
        this.received++;
      }
      visitRecord(window, start, this.#pages, visit, lost);
      if (this.#pages.closed) return false;
    }
    return false;
  }

  close(): void {
    this.#starts.length = 0;
    this.#pages.close();
  }

  /** Bytes written since the last copy; the head counts down. */
  #written(head: bigint): number {
    return Number(BigInt.asUintN(64, this.#readTo - head));
  }

  #copy(): void {
    this.#pause(1);
    try {
      const head = Atomics.load(this.#head, 0);
      const written = this.#written(head);
      const kept = Math.min(written, this.size);
      const at = Number(head & BigInt(this.#pages.mask));
      this.#window = new Uint8Array(kept);
      this.#window.set(this.#pages.bytes.subarray(at, at + kept), 0);
      if (at + kept > this.size)
        this.#window.set(this.#pages.bytes.subarray(0, at + kept - this.size), this.size - at);
      this.#readTo = head;
      this.overwritten += written - this.#index();
    } finally {
      this.#pause(0);
    }
  }

  /** Finds the records of the window: how many bytes they have. The oldest may have been written over in part, and is then left out. */
  #index(): number {
    const view = new DataView(this.#window.buffer);
    const end = this.#window.length;
    let at = 0;
    while (at + PERF_HEADER <= end) {
      const size = view.getUint16(at + 6, littleEndian);
      if (size < PERF_HEADER || at + size > end) break;
      this.#starts.push(at);
      at += size;
    }
    return at;
  }

  #pause(on: 0 | 1): void {
    const result = this.#sys.ioctl(this.#pages.fd, PERF_EVENT_IOC_PAUSE_OUTPUT, on);
    if (result < 0) throw new BpfError({ syscall: 'ioctl', errno: -result, what: this.#pages.what });
  }
}
