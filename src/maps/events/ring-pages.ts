import { pageSize } from '../../kernel/index.js';
import {
  BpfError,
  EPOLL_CTL_ADD,
  EPOLLIN,
  MAP_SHARED,
  type Mapping,
  OwnedFd,
  PROT_READ,
  PROT_WRITE,
  type Sys,
} from '../../syscall/index.js';

/**
 * The memory of a `BPF_MAP_TYPE_RINGBUF`: a page with the consumer's position, which is ours to write; then read-only a page with the
 * producers' positions and the data twice over, so that a record never breaks at the end (kernel/bpf/ringbuf.c).
 */
export class RingPages {
  /** `map events`. */
  readonly what: string;
  readonly size: number;
  /** The consumer's position. */
  readonly consumer: BigUint64Array<ArrayBuffer>;
  /** `producer_pos`, `pending_pos` (Linux 6.9) and `overwrite_pos` (Linux 6.19) of `struct bpf_ringbuf`. */
  readonly producer: BigUint64Array<ArrayBuffer>;
  /** The data, twice. */
  readonly bytes: Uint8Array;
  readonly #consumerPage: Mapping;
  readonly #producerPages: Mapping;
  readonly #epoll: OwnedFd;

  /** `size` is the map's max_entries as the kernel reports it: bytes, a power of two. Throws BpfError, with nothing left open. */
  constructor(sys: Sys, fd: number, size: number, name: string) {
    const page = pageSize();
    this.what = `map ${name}`;
    this.size = size;
    this.#consumerPage = this.#map(sys, fd, page, PROT_READ | PROT_WRITE, 0);
    try {
      this.#producerPages = this.#map(sys, fd, page + 2 * size, PROT_READ, page);
    } catch (error) {
      this.#consumerPage.close();
      throw error;
    }
    this.#epoll = new OwnedFd(sys, this.#waitFor(sys, fd));
    this.consumer = new BigUint64Array(this.#consumerPage.buffer, 0, 1);
    this.producer = new BigUint64Array(this.#producerPages.buffer, 0, 3);
    this.bytes = new Uint8Array(this.#producerPages.buffer, page, 2 * size);
  }

  /**
   * An epoll of its own, not the map's fd: that may be read by another reader, too, and may be closed while we wait, after which libuv ends the
   * process.
   */
  get fd(): number {
    return this.#epoll.value;
  }

  /** Unmaps all but the consumer's position. */
  close(): void {
    this.#epoll.close();
    this.#producerPages.close();
  }

  closeConsumer(): void {
    this.#consumerPage.close();
  }

  #map(sys: Sys, fd: number, length: number, protection: number, offset: number): Mapping {
    const mapping = sys.mmap(fd, length, protection, MAP_SHARED, offset);
    if (typeof mapping === 'number')
      throw new BpfError({ syscall: 'mmap', errno: -mapping, what: this.what });
    return mapping;
  }

  #waitFor(sys: Sys, fd: number): number {
    const epoll = sys.epollCreate();
    const result = epoll < 0 ? epoll : sys.epollCtl(epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
    if (result >= 0) return epoll;
    this.closeConsumer();
    this.#producerPages.close();
    if (epoll >= 0) sys.close(epoll);
    throw new BpfError({
      syscall: epoll < 0 ? 'epoll_create1' : 'epoll_ctl',
      errno: -result,
      what: this.what,
    });
  }
}
