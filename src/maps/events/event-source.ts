/**
 * Takes one record: `length` bytes at `offset` of memory that is the kernel's again after the call. `cpu` is the CPU whose perf buffer held
 * it; -1 for a ring buffer, which all CPUs share.
 */
export type RecordVisitor = (bytes: Uint8Array, offset: number, length: number, cpu: number) => void;

/** Called with the number of records that the kernel had no room for, on which CPU. */
export type LostVisitor = (count: number, cpu: number) => void;

/** Where records come from: a mapped ring buffer, or the perf buffers of all CPUs. */
export interface EventSource {
  /** An fd that is readable when records came: the ring's own, or an epoll of the perf buffers'. */
  readonly fd: number;
  /** Bytes of data that the kernel has room for, of all buffers. */
  readonly capacity: number;
  /** Bytes that wait to be read, headers and discarded records included. 0 once closed. */
  readonly available: number;
  /** Records handed over so far. */
  readonly received: number;
  /** Records that programs reserved and gave up (`bpf_ringbuf_discard`), skipped so far. */
  readonly discarded: number;
  /** Bytes that newer records were written over before they were read: rings and perf buffers that overwrite. */
  readonly overwritten: number;
  /**
   * Hands over records until there are none, `limit` of them are, `visit` throws or closes the source, or about one buffer's worth has gone by (the
   * event loop has other work). Consumed records are given back to the kernel, also when `visit` throws. True when records may be left.
   * Throws DamagedBufferError for positions or sizes that no kernel writes.
   */
  drain(visit: RecordVisitor, limit: number): boolean;
  onLost: LostVisitor;
  /** Unmaps and closes; in `visit`, too, after which `drain` touches nothing. Twice does nothing. */
  close(): void;
}
