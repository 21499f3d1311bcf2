import { pageSize } from '../kernel/index.js';
import { BpfError, MAP_SHARED, type Mapping, PROT_READ, PROT_WRITE, type Sys } from '../syscall/index.js';
import type { EventSource, RecordVisitor } from './event-source.js';

const HEADER = 8;
/** Top bits of a record's length word (include/uapi/linux/bpf.h: BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT). */
const BUSY = 0x80000000 | 0;
const DISCARD = 0x40000000;
const LENGTH = 0x3fffffff;

/**
 * A `BPF_MAP_TYPE_RINGBUF`, mapped: a page with the consumer's position, which is ours to write; then read-only a page with the
 * producers' position and the data twice over, so that a record never breaks at the end (kernel/bpf/ringbuf.c).
 */
export class RingSource implements EventSource {
  readonly fds: readonly number[];
  /** The kernel does not count records that a ring buffer had no room for: a program sees that its reserve failed. */
  onLost = (): void => {};
  readonly #mask: number;
  readonly #consumerPage: Mapping;
  readonly #producerPage: Mapping;
  readonly #consumer: BigUint64Array<ArrayBuffer>;
  readonly #producer: BigUint64Array<ArrayBuffer>;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array<ArrayBuffer>;
  #open = true;

  /** `size` is the map's max_entries as the kernel reports it: bytes, a power of two. Throws BpfError when it can't be mapped. */
  constructor(sys: Sys, fd: number, size: number, name: string) {
    const page = pageSize();
    const map = (length: number, protection: number, offset: number): Mapping => {
      const mapping = sys.mmap(fd, length, protection, MAP_SHARED, offset);
      if (typeof mapping === 'number')
        throw new BpfError({ syscall: 'mmap', errno: -mapping, what: `map ${name}` });
      return mapping;
    };
    this.#consumerPage = map(page, PROT_READ | PROT_WRITE, 0);
    try {
      this.#producerPage = map(page + 2 * size, PROT_READ, page);
    } catch (error) {
      this.#consumerPage.close();
      throw error;
    }
    this.fds = [fd];
    this.#mask = size - 1;
    this.#consumer = new BigUint64Array(this.#consumerPage.buffer, 0, 1);
    this.#producer = new BigUint64Array(this.#producerPage.buffer, 0, 1);
    this.#bytes = new Uint8Array(this.#producerPage.buffer, page, 2 * size);
    this.#words = new Int32Array(this.#producerPage.buffer, page, size / 4);
  }

  drain(visit: RecordVisitor, proceed: () => boolean): boolean {
    const bytes = this.#bytes;
    const words = this.#words;
    const mask = this.#mask;
    const begin = this.#position;
    // Producers wait for room: give it back a quarter of the buffer at a time, not only at the end of a long batch.
    const quarter = (mask + 1) >> 2;
    let position = begin;
    let given = begin;
    try {
      for (;;) {
        // A sequentially consistent load: what lies before the producers' position is seen to be written, also on arm64.
        const end = Number(Atomics.load(this.#producer, 0));
        if (position >= end) return false;
        while (position < end) {
          const at = position & mask;
          const header = Atomics.load(words, at >> 2);
          if (header & BUSY) return false;
          if (!proceed()) return true;
          const length = header & LENGTH;
          position += (length + HEADER + 7) & ~7;
          if (!(header & DISCARD)) visit(bytes, at + HEADER, length, -1);
          if (!this.#open) return false;
          if (position - given >= quarter) {
            this.#position = given = position;
            if (position - begin > mask) return true;
          }
        }
        this.#position = given = position;
      }
    } finally {
      if (given !== position && this.#open) this.#position = position;
    }
  }

  /** Bytes that wait to be read. */
  get available(): number {
    return this.#open ? Number(Atomics.load(this.#producer, 0)) - this.#position : 0;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#consumerPage.close();
    this.#producerPage.close();
  }

  get #position(): number {
    return Number(Atomics.load(this.#consumer, 0));
  }

  set #position(position: number) {
    Atomics.store(this.#consumer, 0, BigInt(position));
  }
}
