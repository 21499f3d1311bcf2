import { littleEndian, lowWord } from '../host-endian.js';
import type { LostVisitor, RecordVisitor } from './event-source.js';
import type { PerfPages } from './perf-pages.js';
import { PERF_HEADER, PERF_RAW, PERF_RECORD_SAMPLE, visitRecord } from './perf-record.js';

// What a module imports is loaded anew each time; its own constants are compiled in.
const SAMPLE = PERF_RECORD_SAMPLE;
const HEADER = PERF_HEADER;
const RAW = PERF_RAW;
const little = littleEndian;
/** Places in a batch's progress. */
const AT = 0;
const ROOM = 1;

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
   * How far the batch that is being handed over has come: where the next record lies and how many may follow. It is kept in memory for when a callback
   * throws: a `try` around the loop would take V8 longer than two stores.
   */
  readonly #batch = new Int32Array(2);
  /** Bytes before those that `#batch` counts: the buffer's size once it has wrapped around. */
  #turn = 0;
  /** As `#batch`, of what was counted and given back last. */
  #given = 0;
  #room = 0;

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
    const available = this.available;
    if (available === 0) return false;
    const pages = this.#pages;
    const { size, mask } = pages;
    if (available > size) throw pages.damaged(`${available} bytes wait in a buffer of ${size}`);
    const begin = (this.#tailWords[lowWord] as number) & mask;
    const end = begin + available;
    this.#batch[AT] = this.#given = begin;
    this.#batch[ROOM] = this.#room = limit;
    let at = begin;
    while (at < end) {
      // The data wraps around at the end of the buffer.
      const turn = at < size ? 0 : size;
      this.#turn = turn;
      this.#batch[AT] = at - turn;
      at = turn + this.#samples(at - turn, Math.min(end - turn, size), visit);
      if (at === end) break;
      if (this.#batch[ROOM] === 0) return true;
      if (at === turn + size) continue;
      const taken = this.#other(at - turn, end - at, visit, lost);
      if (pages.closed) return false;
      at += taken;
    }
    return this.available > available;
  }

  /**
   * Hands over samples that lie in one piece between `from` and `end`, until one does not; where it lies. It does nothing else: a call in the loop would
   * cost each of them, and a branch after it that V8 has not seen run when it compiles the running loop makes it leave that code, each time.
   */
  #samples(from: number, end: number, visit: RecordVisitor): number {
    const { bytes, words, cpu } = this.#pages;
    const batch = this.#batch;
    let at = from;
    let room = batch[ROOM] as number;
    while (at < end && room !== 0) {
      // A header never breaks: records begin at multiples of 8.
      const sizeWord = words[(at >>> 2) + 1] as number;
      const size = little ? sizeWord >>> 16 : sizeWord & 0xffff;
      const next = at + size;
      if (words[at >>> 2] !== SAMPLE || next > end || size & 7) break;
      const length = words[(at >>> 2) + 2] as number;
      // Padding counts as data (perf_prepare_sample), so that the length is the rest of the record.
      if (length < 0 || length !== size - RAW) break;
      const offset = at + RAW;
      at = next;
      batch[AT] = next;
      batch[ROOM] = --room;
      visit(bytes, offset, length, cpu);
    }
    return at;
  }

  /** Hands over a record that breaks at the end of the buffer, or is no sample; its size. */
  #other(at: number, left: number, visit: RecordVisitor, lost: LostVisitor): number {
    const pages = this.#pages;
    // What is closed reads zeros.
    if (pages.closed) return 0;
    const sizeWord = pages.words[(at >>> 2) + 1] as number;
    const size = little ? sizeWord >>> 16 : sizeWord & 0xffff;
    if (size < HEADER || size > left || size & 7)
      throw pages.damaged(`a record of ${size} bytes where ${left} wait`);
    this.#batch[AT] = at + size;
    if (pages.words[at >>> 2] === SAMPLE) (this.#batch[ROOM] as number)--;
    if (at + size > this.size) visitRecord(pages.joined(at, size), 0, pages, visit, lost);
    else visitRecord(pages.bytes, at, pages, visit, lost);
    return size;
  }

  /** Counts what was handed over and gives its bytes back to the kernel, unless a callback closed the buffer. */
  #settle(): void {
    const at = this.#turn + (this.#batch[AT] as number);
    const room = this.#batch[ROOM] as number;
    this.received += this.#room - room;
    if (!this.#pages.closed && at > this.#given)
      Atomics.store(this.#pages.tail, 0, (this.#pages.tail[0] as bigint) + BigInt(at - this.#given));
    this.#given = at;
    this.#room = room;
  }

  close(): void {
    this.#pages.close();
  }
}
