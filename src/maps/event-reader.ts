import type { Poll, Sys } from '../syscall/index.js';
import { BpfError } from '../syscall/index.js';
import type { EventSource, RecordVisitor } from './event-source.js';

/** Where a record came from. */
export interface EventInfo {
  /** CPU whose perf buffer held it; -1 for a ring buffer, which all CPUs share. */
  readonly cpu: number;
  /** Bytes of the record. */
  readonly size: number;
}

/** Makes an event of a record. For raw events the bytes are the buffer's own: `keep` asks for a copy that outlives the callback. */
export type Decode<T> = (bytes: Uint8Array, offset: number, length: number, keep: boolean) => T;

export interface ReaderOptions {
  /** Closes the reader when it aborts; a `for await` then ends. */
  readonly signal?: AbortSignal;
  /** Events that `for await` reads ahead before it leaves the rest in the kernel's buffer. Default 1024. */
  readonly highWaterMark?: number;
}

type EventCallback<T> = (event: T, info: EventInfo) => void;

/**
 * Reads a ring or perf buffer: by callback (`on`), by `for await`, or by hand (`consume`). Waits on the event loop, with no thread and no timer.
 * A slow `for await` loop leaves events in the kernel's buffer, so memory does not grow; what does not fit there is lost, and counted where the kernel counts it.
 */
export class EventReader<T> implements AsyncIterable<T>, Disposable {
  /** Events taken out of the buffer so far. */
  received = 0;
  /** Events that the kernel had no room for (perf buffers; a ring buffer does not count them). */
  lost = 0;
  readonly #sys: Sys;
  readonly #source: EventSource;
  readonly #decode: Decode<T>;
  readonly #highWaterMark: number;
  readonly #queue: T[] = [];
  #polls: Poll[] = [];
  #callback: EventCallback<T> | undefined;
  #onLost: ((count: number, cpu: number) => void) | undefined;
  #wake: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;
  #again: NodeJS.Immediate | undefined;
  #draining = false;
  #refed = true;
  #open = true;

  constructor(
    sys: Sys,
    source: EventSource,
    decode: Decode<T>,
    { signal, highWaterMark = 1024 }: ReaderOptions = {},
  ) {
    this.#sys = sys;
    this.#source = source;
    this.#decode = decode;
    this.#highWaterMark = highWaterMark;
    source.onLost = (count, cpu) => {
      this.lost += count;
      this.#onLost?.(count, cpu);
    };
    if (signal?.aborted) this.close();
    else signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  /** Calls back for each event as it comes. An exception of the callback is not caught: it is the process's, as with any event emitter. */
  on(callback: EventCallback<T>): this {
    this.#callback = callback;
    this.#resume();
    return this;
  }

  /** Calls back with the number of events lost, and on which CPU. */
  onLost(callback: (count: number, cpu: number) => void): this {
    this.#onLost = callback;
    return this;
  }

  /** Takes what is in the buffer now and hands it to `callback`, or to that of `on`: the number of events. */
  consume(callback: EventCallback<T> | undefined = this.#callback): number {
    if (!callback) throw new TypeError('consume() needs a callback: give it one, or call on() first');
    const before = this.received;
    const visit = this.#deliver(callback);
    while (this.#drain(visit, () => true));
    return this.received - before;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        if (this.#queue.length) {
          yield this.#queue.shift() as T;
          continue;
        }
        if (this.#failure) throw this.#failure.error;
        if (!this.#open) return;
        await new Promise<void>(resolve => {
          this.#wake = resolve;
          this.#resume();
        });
      }
    } finally {
      this.#pause();
    }
  }

  /** Lets the process end although the reader is open. */
  unref(): this {
    this.#refed = false;
    for (const poll of this.#polls) poll.unref();
    return this;
  }

  ref(): this {
    this.#refed = true;
    for (const poll of this.#polls) poll.ref();
    return this;
  }

  get closed(): boolean {
    return !this.#open;
  }

  /** Stops reading and unmaps the buffer; events already read are still delivered to a `for await`. Safe in a callback. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#pause();
    this.#source.close();
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Waits for the buffer, and looks at once: what came while nobody waited does not wake a poll (perf_poll in kernel/events/core.c). */
  #resume(): void {
    if (!this.#open || this.#polls.length) return;
    for (const fd of this.#source.fds) {
      const poll = this.#sys.poll(fd, () => this.#readable());
      if (typeof poll === 'number') {
        this.#pause();
        throw new BpfError({ syscall: 'poll', errno: -poll });
      }
      if (!this.#refed) poll.unref();
      this.#polls.push(poll);
    }
    this.#later();
  }

  #pause(): void {
    for (const poll of this.#polls.splice(0)) poll.close();
    if (this.#again) clearImmediate(this.#again);
    this.#again = undefined;
  }

  #later(): void {
    this.#again ??= setImmediate(() => {
      this.#again = undefined;
      this.#readable();
    });
    if (!this.#refed) this.#again.unref();
  }

  #readable(): void {
    if (this.#callback) {
      if (this.#drain(this.#deliver(this.#callback), () => true)) this.#later();
      return;
    }
    const hasRoom = (): boolean => this.#queue.length < this.#highWaterMark;
    try {
      const more = this.#drain((bytes, offset, length) => {
        this.received++;
        this.#queue.push(this.#decode(bytes, offset, length, true));
      }, hasRoom);
      if (!hasRoom()) this.#pause();
      else if (more) this.#later();
    } catch (error) {
      this.#failure = { error };
      this.#pause();
    }
    if (this.#queue.length || this.#failure) this.#wake?.();
  }

  #deliver(callback: EventCallback<T>): RecordVisitor {
    return (bytes, offset, length, cpu) => {
      this.received++;
      callback(this.#decode(bytes, offset, length, false), { cpu, size: length });
    };
  }

  #drain(visit: RecordVisitor, proceed: () => boolean): boolean {
    if (this.#draining || !this.#open) return false;
    this.#draining = true;
    try {
      return this.#source.drain(visit, proceed);
    } finally {
      this.#draining = false;
    }
  }
}
