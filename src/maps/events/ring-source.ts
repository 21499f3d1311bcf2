import type { Sys } from '../../syscall/index.js';
import { lowWord } from '../host-endian.js';
import { DamagedBufferError } from './damaged-buffer-error.js';
import type { EventSource, LostVisitor, RecordVisitor } from './event-source.js';
import { RING_DISCARD, RING_HEADER, RING_LENGTH } from './ring-layout.js';
import { RingPages } from './ring-pages.js';

// What a module imports or exports is loaded anew each time; its own constants are compiled in.
const HEADER = RING_HEADER;
const DISCARD = RING_DISCARD;
const LENGTH = RING_LENGTH;
/** Places in a batch's progress. */
const AT = 0;
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
   * How far the batch that is being handed over has come: where the next record lies and how many may follow. It is kept in memory for when a callback
   * throws: a `try` around the loop would take V8 longer than two stores.
   */
  readonly #batch = new Int32Array(2);
  /** The same, of what was counted and given back last. */
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
    this.#words = new Int32Array(producer.buffer, bytes.byteOffset, size / 2);
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
    const size = this.capacity;
    // Producers wait for room: give it back a quarter of the buffer at a time, not only at the end of a long batch.
    const quarter = size >>> 2;
    this.#batch[ROOM] = this.#room = limit;
    for (let turn = 0; turn < 4; turn++) {
      // Sequentially consistent, as is the store of the position before it: either we see a record that came meanwhile, or its producer sees
      // that we have caught up, and wakes us (bpf_ringbuf_commit).
      const available = this.available;
      if (available === 0) return false;
      if (available > size)
        throw new DamagedBufferError(this.#pages.what, `${available} bytes wait in a ring of ${size}`);
      const begin = (this.#consumerWords[lowWord] as number) & (size - 1);
      const end = begin + available;
      this.#batch[AT] = this.#given = begin;
      const until = available > quarter ? begin + quarter : end;
      let at = begin;
      for (;;) {
        at = this.#plain(at, until, end, visit);
        if (at >= until) break;
        if (this.#batch[ROOM] === 0) return true;
        const next = this.#other(at, end, visit);
        if (next === at) break;
        at = next;
      }
      this.#settle();
      if (!this.#open) return false;
      // A busy record may have been finished since: one more look, now that its producer can see that we wait for it.
      if (at === begin) return false;
    }
    return true;
  }

  /**
   * Hands over records of one byte at least, without flags, that begin before `until`, until one is not so; where it lies. It does nothing else: a call in
   * the loop would cost each record, and a branch after it that V8 has not seen run when it compiles the running loop makes it leave that code, each time.
   */
  #plain(from: number, until: number, end: number, visit: RecordVisitor): number {
    const bytes = this.#bytes;
    const words = this.#words;
    const batch = this.#batch;
    const plain = loadsInOrder;
    let at = from;
    let room = batch[ROOM] as number;
    while (at < until && room !== 0) {
      const header = (plain ? words[at >>> 2] : Atomics.load(words, at >>> 2)) as number;
      const next = at + ((header + HEADER + 7) & ~7);
      if ((header - 1) >>> 0 >= LENGTH || next > end) break;
      const offset = at + HEADER;
      at = next;
      batch[AT] = next;
      batch[ROOM] = --room;
      visit(bytes, offset, header, -1);
    }
    return at;
  }

  /** Hands over or steps over any record; where the next one lies, or this one, when it is being written or a callback closed the ring. */
  #other(at: number, end: number, visit: RecordVisitor): number {
    const header = Atomics.load(this.#words, at >>> 2);
    // A source that was closed reads zeros.
    if (header < 0 || !this.#open) return at;
    const length = header & LENGTH;
    const next = at + ((length + HEADER + 7) & ~7);
    if (next > end)
      throw new DamagedBufferError(this.#pages.what, `a record of ${length} bytes where ${end - at} wait`);
    this.#batch[AT] = next;
    if (header & DISCARD) this.discarded++;
    else {
      (this.#batch[ROOM] as number)--;
      visit(this.#bytes, at + HEADER, length, -1);
    }
    return next;
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

  /** Counts what was handed over and gives its bytes back to the producers: a release, so that they are not written before we have read them. */
  #settle(): void {
    const at = this.#batch[AT] as number;
    const room = this.#batch[ROOM] as number;
    this.received += this.#room - room;
    const bytes = (at - this.#given) >>> 0;
    if (bytes > 0) Atomics.store(this.#consumer, 0, (this.#consumer[0] as bigint) + BigInt(bytes));
    this.#given = at;
    this.#room = room;
  }
}
