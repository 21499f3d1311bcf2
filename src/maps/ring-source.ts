import type { Sys } from '../syscall/index.js';
import { DamagedBufferError } from './damaged-buffer-error.js';
import type { EventSource, LostVisitor, RecordVisitor } from './event-source.js';
import { lowWord } from './host-endian.js';
import { RING_DISCARD, RING_HEADER, RING_LENGTH } from './ring-layout.js';
import { RingPages } from './ring-pages.js';

// What a module imports or exports is loaded anew each time; its own constants are compiled in.
const HEADER = RING_HEADER;
const DISCARD = RING_DISCARD;
const LENGTH = RING_LENGTH;
/** Places in a batch's progress. */
const LEFT = 0;
const ROOM = 1;

/**
 * A record's header is read after the position that says it is there, and the record after its header. x86 never reorders loads, and V8 keeps
 * typed-array loads in order, so there a plain load does what an acquire does elsewhere; it is as fast as C's.
 */
const loadsInOrder = process.arch === 'x64';

/**
 * Reads a `BPF_MAP_TYPE_RINGBUF` where its records lie.
 *
 * Positions are 64-bit counts of bytes. The distance between two of them is at most the ring's size, so their low halves tell it, and the loop has
 * nothing but small integers.
 */
export class RingSource implements EventSource {
  readonly capacity: number;
  received = 0;
  discarded = 0;
  readonly overwritten = 0;
  /** Never called: the kernel does not count records that a ring had no room for. A program sees that its reserve failed. */
  onLost: LostVisitor = () => {};
  readonly #pages: RingPages;
  readonly #consumer: BigUint64Array<ArrayBuffer>;
  readonly #consumerWords: Uint32Array<ArrayBuffer>;
  readonly #producerWords: Uint32Array<ArrayBuffer>;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array<ArrayBuffer>;
  /**
   * How far the batch that is being handed over has come: bytes left and records to go, as of the record handed over last. It is kept in memory for when a
   * callback throws: a `try` around the loop would take V8 longer than two stores.
   */
  readonly #batch = new Uint32Array(2);
  /** The same as of what was counted and given back last. */
  #given = 0;
  #room = 0;
  #open = true;
  #draining = false;

  /** `size` is the map's max_entries as the kernel reports it: bytes, a power of two. Throws BpfError when it can't be mapped. */
  constructor(sys: Sys, fd: number, size: number, name: string) {
    this.#pages = new RingPages(sys, fd, size, name);
    const { consumer, producer, bytes } = this.#pages;
    this.capacity = size;
    this.#consumer = consumer;
    this.#consumerWords = new Uint32Array(consumer.buffer, 0, 2);
    this.#producerWords = new Uint32Array(producer.buffer, 0, 2);
    this.#bytes = bytes;
    this.#words = new Int32Array(producer.buffer, bytes.byteOffset, size / 4);
  }

  drain(visit: RecordVisitor, limit: number): boolean {
    this.#draining = true;
    try {
      return this.#drain(visit, limit);
    } finally {
      this.#draining = false;
      this.#settle();
      if (!this.#open) this.#pages.closeConsumer();
    }
  }

  #drain(visit: RecordVisitor, limit: number): boolean {
    const bytes = this.#bytes;
    const words = this.#words;
    const batch = this.#batch;
    const size = this.capacity;
    const mask = size - 1;
    const plain = loadsInOrder;
    // Producers wait for room: give it back a quarter of the buffer at a time, not only at the end of a long batch.
    const quarter = size >> 2;
    let at = (this.#consumerWords[lowWord] as number) & mask;
    let room = limit;
    let turns = 0;
    for (;;) {
      // Sequentially consistent, as is the store of the position before it: either we see a record that came meanwhile, or its producer sees
      // that we have caught up, and wakes us (bpf_ringbuf_commit).
      const available = this.available;
      if (available === 0) return false;
      if (available > size)
        throw new DamagedBufferError(this.#pages.what, `${available} bytes wait in a ring of ${size}`);
      if (turns++ === 4) return true;
      const least = available > quarter ? available - quarter : 0;
      let left = available;
      this.#begin(available, room);
      for (;;) {
        // Records of one byte at least, without flags: all others break the loop, because a call in it would cost each of them.
        while (left > least && room !== 0) {
          const header = (plain ? words[at >> 2] : Atomics.load(words, at >> 2)) as number;
          const step = (header + HEADER + 7) & ~7;
          if ((header - 1) >>> 0 >= LENGTH || step > left) break;
          const offset = at + HEADER;
          at = (at + step) & mask;
          left -= step;
          room--;
          batch[ROOM] = room;
          batch[LEFT] = left;
          visit(bytes, offset, header, -1);
        }
        if (left <= least) break;
        if (room === 0) return true;
        const header = Atomics.load(words, at >> 2);
        // A source that was closed reads zeros.
        if (header < 0 || !this.#open) break;
        const length = header & LENGTH;
        const step = (length + HEADER + 7) & ~7;
        if (step > left) throw this.#damaged(length, left);
        const offset = at + HEADER;
        at = (at + step) & mask;
        left -= step;
        batch[LEFT] = left;
        if (header & DISCARD) this.discarded++;
        else {
          room--;
          batch[ROOM] = room;
          visit(bytes, offset, length, -1);
        }
      }
      this.#settle();
      if (!this.#open) return false;
      // A busy record may have been finished since: one more look, now that its producer can see that we wait for it.
      if (left === available) return false;
    }
  }

  get fd(): number {
    return this.#pages.fd;
  }

  get available(): number {
    if (!this.#open) return 0;
    const end = Atomics.load(this.#producerWords, lowWord);
    return (end - (this.#consumerWords[lowWord] as number)) >>> 0;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#pages.close();
    // In a callback, the position is to be written first, or else the next reader would be given the same records again.
    if (!this.#draining) this.#pages.closeConsumer();
  }

  #begin(available: number, room: number): void {
    this.#batch[LEFT] = this.#given = available;
    this.#batch[ROOM] = this.#room = room;
  }

  /** Counts what was handed over and gives its bytes back to the producers: a release, so that they are not written before we have read them. */
  #settle(): void {
    const left = this.#batch[LEFT] as number;
    const room = this.#batch[ROOM] as number;
    this.received += this.#room - room;
    const bytes = this.#given - left;
    if (bytes > 0) Atomics.store(this.#consumer, 0, (this.#consumer[0] as bigint) + BigInt(bytes));
    this.#begin(left, room);
  }

  #damaged(length: number, left: number): DamagedBufferError {
    return new DamagedBufferError(this.#pages.what, `a record of ${length} bytes where ${left} wait`);
  }
}
