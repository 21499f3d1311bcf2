import type { Sys } from '../../syscall/index.js';
import { DamagedBufferError } from './damaged-buffer-error.js';
import type { EventSource, LostVisitor, RecordVisitor } from './event-source.js';
import { RING_BUSY, RING_DISCARD, RING_HEADER, RING_LENGTH } from './ring-layout.js';
import { RingPages } from './ring-pages.js';

/** Indexes of producer_pos and overwrite_pos. */
const PRODUCER = 0;
const OVERWRITE = 2;
/** Bytes copied at a time, unless a record has more. */
const CHUNK = 1 << 16;

/**
 * Reads a `BPF_MAP_TYPE_RINGBUF` that writes over its oldest records (`BPF_F_RB_OVERWRITE`, Linux 6.19; __bpf_ringbuf_reserve in
 * kernel/bpf/ringbuf.c). Producers do not wait for us, so records are copied first; then overwrite_pos tells how many of them, the oldest, may
 * have changed while we did so. It is written before the records that it gives up are; that a CPU other than x86 shows the two in this order, the
 * kernel does not make sure.
 *
 * Positions run apart by any distance while nobody reads, so they are compared as 64 bits, a few times a chunk.
 */
export class RingOverwriteSource implements EventSource {
  readonly capacity: number;
  received = 0;
  discarded = 0;
  overwritten = 0;
  /** Never called: {@link overwritten} counts bytes; how many records they were is written over as well. */
  onLost: LostVisitor = () => {};
  readonly #pages: RingPages;
  readonly #live: Int32Array;
  #copy: Uint8Array<ArrayBuffer>;
  #words: Int32Array;
  #open = true;
  #draining = false;

  /** `size` is the map's max_entries as the kernel reports it: bytes, a power of two. Throws BpfError when it can't be mapped. */
  constructor(sys: Sys, fd: number, size: number, name: string) {
    this.#pages = new RingPages(sys, fd, size, name);
    const { producer, bytes } = this.#pages;
    this.#live = new Int32Array(producer.buffer, bytes.byteOffset, size / 4);
    this.capacity = size;
    this.#copy = new Uint8Array(Math.min(CHUNK, size));
    this.#words = new Int32Array(this.#copy.buffer);
  }

  get fd(): number {
    return this.#pages.fd;
  }

  get available(): number {
    if (!this.#open) return 0;
    const start = this.#oldest();
    const end = Atomics.load(this.#pages.producer, PRODUCER);
    // Read one after the other, so that the two can be further apart than they ever were.
    return end <= start ? 0 : Math.min(Number(end - start), this.capacity);
  }

  drain(visit: RecordVisitor, limit: number): boolean {
    this.#draining = true;
    try {
      return this.#drain(visit, limit);
    } finally {
      this.#draining = false;
      if (!this.#open) this.#pages.closeConsumer();
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#pages.close();
    // In a callback, the position is to be written first, or else the next reader would be given the same records again.
    if (!this.#draining) this.#pages.closeConsumer();
  }

  #drain(visit: RecordVisitor, limit: number): boolean {
    let room = limit;
    for (let turns = 4 + this.capacity / CHUNK; turns > 0; turns--) {
      const position = this.#consumed();
      const window = this.#take();
      if (window) {
        const before = this.received;
        this.#handOver(window, visit, room);
        room -= this.received - before;
        if (!this.#open) return false;
        if (room === 0) return this.available > 0;
      }
      // Nothing waits, or a record that is not committed, whose producer can see now that we wait for it.
      if (this.#consumed() === position) return false;
    }
    return true;
  }

  /** Moves the position to the oldest record and copies from there on; undefined when there was nothing, or producers went round meanwhile. */
  #take(): Window | undefined {
    const { producer, bytes, what } = this.#pages;
    const end = Atomics.load(producer, PRODUCER);
    if (this.#consumed() > end) throw new DamagedBufferError(what, 'its position is ahead of the producers');
    const start = this.#oldest();
    this.#skipTo(start);
    const waiting = Number(end - start);
    if (waiting <= 0) return;
    if (waiting > this.capacity || start % 8n !== 0n)
      throw new DamagedBufferError(what, `${waiting} bytes wait at ${start} in a ring of ${this.capacity}`);
    const at = Number(start & BigInt(this.capacity - 1));
    this.#makeRoom(stepOf(this.#live[at >> 2] as number), waiting);
    const to = Math.min(waiting, this.#copy.length);
    this.#copy.set(bytes.subarray(at, at + to));
    const intact = this.#oldest();
    this.#skipTo(intact);
    const from = Number(intact - start);
    return from < to ? { from, to, waiting } : undefined;
  }

  #handOver({ from, to, waiting }: Window, visit: RecordVisitor, limit: number): void {
    const bytes = this.#copy;
    const last = this.received + limit;
    let at = from;
    try {
      while (at < to && this.received < last && this.#open) {
        const header = this.#words[at >> 2] as number;
        if (header & RING_BUSY) break;
        const step = stepOf(header);
        if (step > waiting - at)
          throw new DamagedBufferError(
            this.#pages.what,
            `a record of ${header & RING_LENGTH} bytes where ${waiting - at} wait`,
          );
        if (step > to - at) break;
        const offset = at + RING_HEADER;
        at += step;
        if (header & RING_DISCARD) this.discarded++;
        else {
          this.received++;
          visit(bytes, offset, header & RING_LENGTH, -1);
        }
      }
    } finally {
      this.#moveTo(this.#consumed() + BigInt(at - from));
    }
  }

  /** A copy is as long as the ring, a chunk or the first record. `step` may be of a record that changes now, and so anything. */
  #makeRoom(step: number, waiting: number): void {
    if (step <= this.#copy.length || step > waiting) return;
    this.#copy = new Uint8Array(Math.min(2 ** Math.ceil(Math.log2(step)), this.capacity));
    this.#words = new Int32Array(this.#copy.buffer);
  }

  #consumed(): bigint {
    return this.#pages.consumer[0] as bigint;
  }

  /** Where the oldest record begins that is neither read nor written over. */
  #oldest(): bigint {
    const overwrite = Atomics.load(this.#pages.producer, OVERWRITE);
    const consumed = this.#consumed();
    if (overwrite > consumed) return overwrite;
    return consumed;
  }

  #skipTo(position: bigint): void {
    const consumed = this.#consumed();
    if (position === consumed) return;
    this.overwritten += Number(position - consumed);
    this.#moveTo(position);
  }

  /** A producer wakes us when we wait for just its record. Sequentially consistent, as the loads after it, so that it sees that or we see its record. */
  #moveTo(position: bigint): void {
    Atomics.store(this.#pages.consumer, 0, position);
  }
}

/** Bytes copied, those in front of `from` having changed meanwhile; `waiting` counts from the copy's beginning, too. */
interface Window {
  readonly from: number;
  readonly to: number;
  readonly waiting: number;
}

const stepOf = (header: number): number => ((header & RING_LENGTH) + RING_HEADER + 7) & ~7;
