/** Takes one record: `length` bytes at `offset` of memory that is the kernel's again after the call. */
export type RecordVisitor = (bytes: Uint8Array, offset: number, length: number, cpu: number) => void;

/** Where records come from: a mapped ring buffer, or the perf buffers of all CPUs. */
export interface EventSource {
  /** fds that become readable when records come. */
  readonly fds: readonly number[];
  /**
   * Hands over records until there are none, `visit` throws, `proceed` says no, or about one buffer's worth has gone by (the event loop has
   * other work). Consumed records are given back to the kernel, also when `visit` throws. True when records may be left.
   */
  drain(visit: RecordVisitor, proceed: () => boolean): boolean;
  /** Called with the number of records that the kernel could not store, on which CPU. */
  onLost: (count: number, cpu: number) => void;
  close(): void;
}
