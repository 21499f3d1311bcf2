import type { LostVisitor, RecordVisitor } from './event-source.js';
import { littleEndian, lowWord } from './host-endian.js';
import type { PerfPages } from './perf-pages.js';
import { PERF_HEADER, PERF_RAW, PERF_RECORD_SAMPLE, visitRecord } from './perf-record.js';

// What a module imports is loaded anew each time; its own constants are compiled in.
const SAMPLE = PERF_RECORD_SAMPLE;
const HEADER = PERF_HEADER;
const RAW = PERF_RAW;
const little = littleEndian;
/** Places in a batch's progress. */
const LEFT = 0;
const COUNT = 1;

/** One CPU's buffer. */
export interface PerfBuffer {
  readonly cpu: number;
  /** Bytes of data. */
  readonly size: number;
  readonly available: number;
  readonly received: number;
  readonly overwritten: number;
  /** As {@link EventSource.drain}. */
  drain(visit: RecordVisitor, lost: LostVisitor, limit: number): boolean;
  close(): void;
}

/**
 * A CPU's buffer that keeps what was not read, and counts what finds no room (kernel/events/ring_buffer.c). As in a ring, the low halves of
 * positions are enough.
 */
export class PerfForwardBuffer implements PerfBuffer {
  readonly cpu: number;
  readonly size: number;
  received = 0;
  readonly overwritten = 0;
  readonly #pages: PerfPages;
  readonly #tailWords: Uint32Array<ArrayBuffer>;
  /**
   * How far the batch that is being handed over has come: bytes left and samples, as of the record handed over last. It is kept in memory for when a
   * callback throws: a `try` around the loop would take V8 longer than two stores.
   */
  readonly #batch = new Uint32Array(2);
  /** Bytes that waited when it began. */
  #begin = 0;

  constructor(pages: PerfPages) {
    this.#pages = pages;
    this.cpu = pages.cpu;
    this.size = pages.size;
    this.#tailWords = new Uint32Array(pages.tail.buffer, pages.tail.byteOffset, 2);
  }

  get available(): number {
    if (this.#pages.closed) return 0;
    return (Atomics.load(this.#pages.head, lowWord) - (this.#tailWords[lowWord] as number)) >>> 0;
  }

  drain(visit: RecordVisitor, lost: LostVisitor, limit: number): boolean {
    try {
      return this.#drain(visit, lost, limit);
    } finally {
      this.#settle();
    }
  }

  #drain(visit: RecordVisitor, lost: LostVisitor, limit: number): boolean {
    // Sequentially consistent: what lies before the head is seen to be written, also on arm64.
    let left = this.available;
    if (left === 0) return false;
    const pages = this.#pages;
    const { bytes, words, mask, size: room, cpu } = pages;
    if (left > room) throw pages.damaged(`${left} bytes wait in a buffer of ${room}`);
    const begin = left;
    const batch = this.#batch;
    batch[COUNT] = 0;
    batch[LEFT] = this.#begin = left;
    let at = (this.#tailWords[lowWord] as number) & mask;
    let count = 0;
    for (;;) {
      // Samples in one piece; other records break the loop, because a call in it would cost each of them.
      while (left > 0 && count !== limit) {
        // A header never breaks: records begin at multiples of 8.
        const sizeWord = words[(at >> 2) + 1] as number;
        const size = little ? sizeWord >>> 16 : sizeWord & 0xffff;
        if (words[at >> 2] !== SAMPLE || size > left || at + size > room || size & 7) break;
        const length = words[(at >> 2) + 2] as number;
        if (length < 0 || length > size - RAW) break;
        const offset = at + RAW;
        at = (at + size) & mask;
        left -= size;
        batch[LEFT] = left;
        batch[COUNT] = ++count;
        visit(bytes, offset, length, cpu);
      }
      if (left === 0) break;
      if (count === limit) return true;
      const size = this.#other(at, left, visit, lost);
      if (size === 0) return false;
      at = (at + size) & mask;
      left -= size;
      count = batch[COUNT] as number;
    }
    return !pages.closed && this.available > begin;
  }

  /** Hands over a record that breaks at the end of the buffer, or is no sample; its size, 0 when a callback closed the buffer. */
  #other(at: number, left: number, visit: RecordVisitor, lost: LostVisitor): number {
    const pages = this.#pages;
    const sizeWord = pages.words[(at >> 2) + 1] as number;
    const size = little ? sizeWord >>> 16 : sizeWord & 0xffff;
    if (size < HEADER || size > left || size & 7) {
      // What is closed reads zeros.
      if (pages.closed) return 0;
      throw pages.damaged(`a record of ${size} bytes where ${left} wait`);
    }
    this.#batch[LEFT] = left - size;
    if (pages.words[at >> 2] === SAMPLE) (this.#batch[COUNT] as number)++;
    if (at + size > this.size) visitRecord(pages.joined(at, size), 0, pages, visit, lost);
    else visitRecord(pages.bytes, at, pages, visit, lost);
    return size;
  }

  /** Counts what was handed over and gives its bytes back to the kernel, unless a callback closed the buffer. */
  #settle(): void {
    const left = this.#batch[LEFT] as number;
    this.received += this.#batch[COUNT] as number;
    if (!this.#pages.closed && left < this.#begin)
      Atomics.store(this.#pages.tail, 0, (this.#pages.tail[0] as bigint) + BigInt(this.#begin - left));
    this.#begin = left;
    this.#batch[COUNT] = 0;
  }

  close(): void {
    this.#pages.close();
  }
}
