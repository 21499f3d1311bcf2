import type { LostVisitor, RecordVisitor } from './event-source.js';
import { littleEndian, lowWord } from './host-endian.js';
import type { PerfPages } from './perf-pages.js';
import { PERF_HEADER, PERF_RAW, PERF_RECORD_SAMPLE, visitRecord } from './perf-record.js';

// What a module imports is loaded anew each time; its own constants are compiled in.
const SAMPLE = PERF_RECORD_SAMPLE;
const HEADER = PERF_HEADER;
const RAW = PERF_RAW;
const little = littleEndian;

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
    // Sequentially consistent: what lies before the head is seen to be written, also on arm64.
    let left = this.available;
    if (left === 0) return false;
    const pages = this.#pages;
    const { bytes, words, mask, size: room, cpu } = pages;
    if (left > room) throw pages.damaged(`${left} bytes wait in a buffer of ${room}`);
    const begin = left;
    let at = (this.#tailWords[lowWord] as number) & mask;
    let count = 0;
    try {
      while (left > 0) {
        if (count === limit) return true;
        // A header never breaks: records begin at multiples of 8.
        const type = words[at >> 2] as number;
        const sizeWord = words[(at >> 2) + 1] as number;
        const size = little ? sizeWord >>> 16 : sizeWord & 0xffff;
        if (size < HEADER || size > left || size & 7)
          throw pages.damaged(`a record of ${size} bytes where ${left} wait`);
        const from = at;
        at = (at + size) & mask;
        left -= size;
        if (type === SAMPLE) count++;
        if (from + size > room) visitRecord(pages.joined(from, size), 0, pages, visit, lost);
        else if (type === SAMPLE) {
          const length = words[(from >> 2) + 2] as number;
          if (length > size - RAW) throw pages.damaged(`a sample of ${length} bytes in a record of ${size}`);
          visit(bytes, from + RAW, length, cpu);
        } else visitRecord(bytes, from, pages, visit, lost);
        if (pages.closed) return false;
      }
      return this.available > begin;
    } finally {
      this.received += count;
      if (!pages.closed && left < begin)
        Atomics.store(pages.tail, 0, (pages.tail[0] as bigint) + BigInt(begin - left));
    }
  }

  close(): void {
    this.#pages.close();
  }
}
