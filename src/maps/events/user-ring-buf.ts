import { type Codec, codec } from '../../btf/index.js';
import { pageSize } from '../../kernel/index.js';
import {
  BpfError,
  EPOLL_CTL_ADD,
  EPOLLET,
  EPOLLOUT,
  MAP_SHARED,
  type Mapping,
  OwnedFd,
  PROT_READ,
  PROT_WRITE,
} from '../../syscall/index.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import { lowWord } from '../host-endian.js';
import { pollWaiter } from './event-waiter.js';
import { codecByName } from './record-type.js';
import { RingFullError } from './ring-full-error.js';
import { RING_BUSY, RING_DISCARD, RING_HEADER, RING_LENGTH } from './ring-layout.js';

export interface WhenFreeOptions {
  /** Milliseconds after which the promise is rejected with RingFullError. Default: none. */
  readonly timeoutMs?: number;
  /** Rejects the promise with its reason when it aborts. */
  readonly signal?: AbortSignal;
}

/** Room in a user ring buffer that is being written. Records are drained in the order of their reservation: one that is neither submitted nor discarded holds up all after it. */
export interface Reservation {
  /** The record's memory, shared with the kernel: its old content, until written. */
  readonly bytes: Uint8Array;
  /** Gives the record to the program. Throws TypeError the second time. */
  submit(): void;
  /** Gives the room back; the program does not see it. Throws TypeError the second time. */
  discard(): void;
}

/**
 * `BPF_MAP_TYPE_USER_RINGBUF` (Linux 6.1; kernel/bpf/ringbuf.c): records from this process to programs, which take them by
 * `bpf_user_ringbuf_drain`. When it does so is the program's business: nothing here runs it. `maxEntries` bytes; one process writes at a time.
 */
export class UserRingBuf extends BpfMap {
  #memory: Memory | undefined;
  readonly #codec: Codec | undefined;
  /** End the waits of {@link reserveWhenFree}. */
  readonly #waiters = new Set<() => void>();

  constructor(parts: MapParts) {
    super(parts);
    const { btf, eventTypeId } = parts.def;
    this.#codec = btf && eventTypeId ? codec(btf, eventTypeId) : undefined;
  }

  /** Bytes that are free, headers included. Throws BpfError when the ring can't be mapped. */
  get free(): number {
    const { producer, consumer } = this.#mapped();
    return this.maxEntries - ((producer[lowWord]! - Atomics.load(consumer, lowWord)) >>> 0);
  }

  /** Makes room for a record. Throws RingFullError when there is none now, RangeError for a size that never fits, BpfError when the ring can't be mapped. */
  reserve(size: number): Reservation {
    const total = this.#total(size);
    const { free } = this;
    if (total > free) throw new RingFullError(this.name, size, free);
    const memory = this.#mapped();
    const at = memory.producer[lowWord]! & (this.maxEntries - 1);
    const header = at >> 2;
    memory.words[header + 1] = 0;
    Atomics.store(memory.words, header, size | RING_BUSY);
    // A release: a program that sees the position sees the header, too (__bpf_user_ringbuf_peek).
    Atomics.store(memory.position, 0, (memory.position[0] as bigint) + BigInt(total));
    let pending = true;
    const commit = (word: number): void => {
      if (!pending) throw new TypeError(`map ${this.name}: the record was submitted or discarded already`);
      pending = false;
      if (this.#memory === memory) Atomics.store(memory.words, header, word);
    };
    return {
      bytes: new Uint8Array(memory.words.buffer, memory.words.byteOffset + at + RING_HEADER, size),
      submit: () => commit(size),
      discard: () => commit(size | RING_DISCARD),
    };
  }

  /**
   * {@link reserve} that waits on the event loop until a program has drained enough. Rejects with RingFullError after the time allowed. A program
   * that drains with `BPF_RB_NO_WAKEUP` wakes nobody.
   */
  async reserveWhenFree(size: number, options: WhenFreeOptions = {}): Promise<Reservation> {
    const { timeoutMs, signal } = options;
    signal?.throwIfAborted();
    const total = this.#total(size);
    if (total <= this.free) return this.reserve(size);
    const { sys } = this.parts;
    using epoll = new OwnedFd(sys, this.#checked('epoll_create1', sys.epollCreate()));
    // Edge-triggered: a ring with a little room is always writable, which is not news.
    const events = EPOLLOUT + EPOLLET;
    this.#checked('epoll_ctl', sys.epollCtl(epoll.value, EPOLL_CTL_ADD, this.fd, events));
    const freed = (): boolean => {
      sys.epollWait(epoll.value);
      return this.closed || total <= this.free;
    };
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        waiting.close();
        this.#waiters.delete(wake);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        settle();
      };
      const abort = (): void => end(() => reject(signal?.reason));
      // What there is then, reserve() finds: room, too little of it, or a closed map.
      const wake = (): void => end(resolve);
      const waiting = pollWaiter.wait(sys, epoll.value, () => {
        if (freed()) wake();
      });
      this.#waiters.add(wake);
      const timer = timeoutMs === undefined ? undefined : setTimeout(wake, timeoutMs);
      signal?.addEventListener('abort', abort, { once: true });
    });
    return this.reserve(size);
  }

  /** Submits a record: bytes as they are, else a value of the type that the object's BTF tells, or of the one given. Throws as {@link reserve}, and TypeError for a value that does not fit. */
  write(value: unknown, type?: string | Codec): void {
    if (value instanceof Uint8Array && type === undefined) {
      const record = this.reserve(value.length);
      record.bytes.set(value);
      record.submit();
      return;
    }
    const found = typeof type === 'string' ? codecByName(this.name, this.parts.def.btf, type) : type;
    const chosen = found ?? this.#codec;
    if (!chosen)
      throw new TypeError(`map ${this.name}: no BTF type is known for its records: name one, or give bytes`);
    this.write(chosen.encode(value));
  }

  override close(): void {
    this.#memory?.consumerPage.close();
    this.#memory?.producerPages.close();
    this.#memory = undefined;
    super.close();
    for (const wake of [...this.#waiters]) wake();
  }

  #total(size: number): number {
    const total = (size + RING_HEADER + 7) & ~7;
    if (!Number.isInteger(size) || size < 0 || size > RING_LENGTH || total > this.maxEntries)
      throw new RangeError(
        `map ${this.name}: a record of ${size} bytes never fits; the most is ${this.maxEntries - RING_HEADER}`,
      );
    return total;
  }

  #mapped(): Memory {
    this.#memory ??= this.#map();
    return this.#memory;
  }

  /** The consumer's page is the kernel's to write; the producer's and the data, twice over so that no record breaks, are ours. */
  #map(): Memory {
    const page = pageSize();
    const { sys } = this.parts;
    const consumerPage = this.#mapping(sys.mmap(this.fd, page, PROT_READ, MAP_SHARED, 0));
    try {
      const length = page + 2 * this.maxEntries;
      const rights = PROT_READ | PROT_WRITE;
      const producerPages = this.#mapping(sys.mmap(this.fd, length, rights, MAP_SHARED, page));
      return {
        consumerPage,
        producerPages,
        consumer: new Uint32Array(consumerPage.buffer, 0, 2),
        producer: new Uint32Array(producerPages.buffer, 0, 2),
        position: new BigUint64Array(producerPages.buffer, 0, 1),
        words: new Int32Array(producerPages.buffer, page, this.maxEntries >> 1),
      };
    } catch (error) {
      consumerPage.close();
      throw error;
    }
  }

  #mapping(mapping: Mapping | number): Mapping {
    if (typeof mapping === 'number') this.#checked('mmap', mapping);
    return mapping as Mapping;
  }

  #checked(syscall: string, result: number): number {
    if (result < 0) throw new BpfError({ syscall, errno: -result, what: `map ${this.name}` });
    return result;
  }
}

interface Memory {
  readonly consumerPage: Mapping;
  readonly producerPages: Mapping;
  /** Positions in 32-bit words; the producer's also as one of 64. */
  readonly consumer: Uint32Array<ArrayBuffer>;
  readonly producer: Uint32Array<ArrayBuffer>;
  readonly position: BigUint64Array<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
}
