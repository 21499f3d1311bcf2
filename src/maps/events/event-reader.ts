import type { Sys } from '../../syscall/index.js';
import { DamagedBufferError } from './damaged-buffer-error.js';
import type { Delivery } from './event-delivery.js';
import type { EventGroup } from './event-group.js';
import { EventQueue } from './event-queue.js';
import type { EventSource, RecordVisitor } from './event-source.js';
import { pollWaiter, type Waiting } from './event-waiter.js';

export interface ReaderOptions {
  /** Closes the reader when it aborts; a `for await` then ends. */
  readonly signal?: AbortSignal;
  /** Events that `for await` reads ahead before it leaves the rest in the kernel's buffer. Default 1024. */
  readonly highWaterMark?: number;
  /** Waits together with the other readers of a group, by one poll. */
  readonly group?: EventGroup;
  /**
   * What the program itself counts as lost: `() => object.globals.dropped`. The kernel does not count records that a ring had no room for, so
   * a program that wants to know counts its failed reserves. What it counted before the reader was made is left out.
   */
  readonly lostCounter?: () => number | bigint;
}

/** How a buffer and its reader are doing. Bytes include record headers. */
export interface EventMetrics {
  /** Records handed over. */
  readonly received: number;
  /** Records that programs reserved and gave up. */
  readonly discarded: number;
  /** {@link EventReader.lost}. */
  readonly lost: number;
  /** Bytes that were written over before they were read; only buffers that overwrite. */
  readonly overwritten: number;
  /** Bytes that wait to be read. */
  readonly available: number;
  /** Bytes of data that there is room for. */
  readonly capacity: number;
  /** The most bytes that waited when the reader looked. */
  readonly highWater: number;
  /** Events that a `for await` has read ahead. */
  readonly queued: number;
}

/** Records of a drain that is to take all. */
const all = 0x3fffffff;

/** What a reader reads, and how. */
export interface ReaderParts<T, C> {
  readonly sys: Sys;
  readonly source: EventSource;
  readonly delivery: Delivery<T, C>;
  /** Held by the reader of a map that is draining, so that a callback can't read the same records again through another one. */
  readonly turn: { taken: boolean };
}

/**
 * Reads a ring or perf buffer: by callback (`on`), by `for await`, or by hand (`consume`). Waits on the event loop, with no thread and no timer.
 * A slow `for await` loop leaves events in the kernel's buffer, so memory does not grow; what does not fit there is lost.
 */
export class EventReader<T, C> implements AsyncIterable<T>, Disposable {
  readonly #sys: Sys;
  readonly #source: EventSource;
  readonly #delivery: Delivery<T, C>;
  readonly #turn: { taken: boolean };
  readonly #group: EventGroup | undefined;
  readonly #highWaterMark: number;
  readonly #queue = new EventQueue<T>();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.close();
  readonly #lostByCpu = new Map<number, number>();
  readonly #lostCounter: (() => number | bigint) | undefined;
  readonly #countedBefore: number;
  readonly #enqueue: RecordVisitor;
  #waiting: Waiting | undefined;
  #callback: C | undefined;
  #visit: RecordVisitor | undefined;
  #onLost: ((count: number, cpu: number) => void) | undefined;
  #wake: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;
  #again: NodeJS.Immediate | undefined;
  #counted = 0;
  #highWater = 0;
  #refed = true;
  #open = true;

  constructor({ sys, source, delivery, turn }: ReaderParts<T, C>, options: ReaderOptions = {}) {
    const { signal, highWaterMark = 1024, group, lostCounter } = options;
    this.#sys = sys;
    this.#source = source;
    this.#delivery = delivery;
    this.#turn = turn;
    this.#group = group;
    this.#highWaterMark = highWaterMark;
    this.#signal = signal;
    this.#lostCounter = lostCounter;
    this.#countedBefore = Number(lostCounter?.() ?? 0);
    this.#enqueue = (bytes, offset, length) => this.#queue.push(delivery.keep(bytes, offset, length));
    source.onLost = (count, cpu) => {
      this.#counted += count;
      this.#lostByCpu.set(cpu, (this.#lostByCpu.get(cpu) ?? 0) + count);
      this.#onLost?.(count, cpu);
    };
    group?.adopt(this);
    if (signal?.aborted) this.close();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Calls back for each event as it comes. An exception of the callback is not caught: it is the process's, as with any event emitter. */
  on(callback: C): this {
    this.#callback = callback;
    this.#visit = this.#delivery.visitor(callback);
    this.#resume();
    return this;
  }

  /** Calls back with the number of events lost, and on which CPU. Perf buffers only: see {@link ReaderOptions.lostCounter} for rings. */
  onLost(callback: (count: number, cpu: number) => void): this {
    this.#onLost = callback;
    return this;
  }

  /** Takes what is in the buffer now and hands it to `callback`, or to that of `on`: the number of events. Throws what the callback throws. */
  consume(callback: C | undefined = this.#callback): number {
    if (!callback) throw new TypeError('consume() needs a callback: give it one, or call on() first');
    const visit = callback === this.#callback && this.#visit ? this.#visit : this.#delivery.visitor(callback);
    const before = this.#source.received;
    while (this.#drain(visit, all));
    return this.#source.received - before;
  }

  /** `consume()` where `on` gave a callback, else nothing: 0. */
  poll(): number {
    return this.#callback ? this.consume() : 0;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const queue = this.#queue;
    try {
      for (;;) {
        while (queue.length > 0) yield queue.shift();
        if (this.#failure) throw this.#failure.error;
        if (!this.#open) return;
        await new Promise<void>(resolve => {
          this.#wake = resolve;
          this.#resume();
        });
      }
    } finally {
      if (!this.#callback) this.#pause();
    }
  }

  /** Events taken out of the buffer so far, as of the last batch. */
  get received(): number {
    return this.#source.received;
  }

  /** Events that there was no room for: what the kernel tells (perf buffers), and what `lostCounter` counts. */
  get lost(): number {
    return this.#counted + Number(this.#lostCounter?.() ?? 0) - this.#countedBefore;
  }

  /** Events that the kernel told were lost, by CPU (perf buffers). It tells with the next record that finds room on that CPU. */
  get lostByCpu(): ReadonlyMap<number, number> {
    return this.#lostByCpu;
  }

  /** Bytes that wait to be read (libbpf: `ring__avail_data_size`; in a program: `bpf_ringbuf_query`). 0 once closed. */
  get available(): number {
    return this.#source.available;
  }

  /** Bytes of data that there is room for. */
  get capacity(): number {
    return this.#source.capacity;
  }

  metrics(): EventMetrics {
    const { received, discarded, overwritten, available, capacity } = this.#source;
    return {
      received,
      discarded,
      lost: this.lost,
      overwritten,
      available,
      capacity,
      highWater: Math.max(this.#highWater, available),
      queued: this.#queue.length,
    };
  }

  /** Lets the process end although the reader is open. */
  unref(): this {
    this.#refed = false;
    this.#waiting?.unref();
    this.#again?.unref();
    return this;
  }

  ref(): this {
    this.#refed = true;
    this.#waiting?.ref();
    this.#again?.ref();
    return this;
  }

  get closed(): boolean {
    return !this.#open;
  }

  /** Stops reading and unmaps the buffer; events already read are still delivered to a `for await`. Safe in a callback. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#pause();
    this.#group?.release(this);
    this.#source.close();
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Waits for the buffer, and looks at once: what came while nobody waited does not wake a poll (perf_poll in kernel/events/core.c). */
  #resume(): void {
    if (!this.#open || this.#waiting) return;
    this.#waiting = (this.#group ?? pollWaiter).wait(this.#sys, this.#source.fd, () => this.#readable());
    if (!this.#refed) this.#waiting.unref();
    this.#later();
  }

  #pause(): void {
    this.#waiting?.close();
    this.#waiting = undefined;
    if (this.#again) clearImmediate(this.#again);
    this.#again = undefined;
  }

  #later(): void {
    if (this.#again || !this.#open) return;
    this.#again = setImmediate(() => {
      this.#again = undefined;
      this.#readable();
    });
    if (!this.#refed) this.#again.unref();
  }

  #readable(): void {
    if (this.#visit) this.#call(this.#visit);
    else this.#fill();
  }

  #call(visit: RecordVisitor): void {
    // Also after an exception: the rest does not wake a poll again.
    let more = true;
    try {
      more = this.#drain(visit, all);
    } finally {
      if (more) this.#later();
    }
  }

  #fill(): void {
    try {
      const room = this.#highWaterMark - this.#queue.length;
      const more = room > 0 && this.#drain(this.#enqueue, room);
      if (this.#queue.length >= this.#highWaterMark) this.#pause();
      else if (more) this.#later();
    } catch (error) {
      this.#failure = { error };
      this.#pause();
    }
    if (this.#queue.length > 0 || this.#failure) this.#wake?.();
  }

  #drain(visit: RecordVisitor, limit: number): boolean {
    if (this.#turn.taken || !this.#open) return false;
    this.#turn.taken = true;
    try {
      const { available } = this.#source;
      if (available > this.#highWater) this.#highWater = available;
      return this.#source.drain(visit, limit);
    } catch (error) {
      if (error instanceof DamagedBufferError) this.close();
      throw error;
    } finally {
      this.#turn.taken = false;
    }
  }
}
