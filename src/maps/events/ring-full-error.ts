import { RawbpfError } from '../../errors/index.js';

/** A user ring buffer has no room for a record now: its program has not drained it (`bpf_user_ringbuf_drain`), or not enough. */
export class RingFullError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_RING_FULL';
  /** Bytes of the record asked for. */
  readonly size: number;
  /** Bytes that are free; a record needs 8 more than its size, rounded up to a multiple of 8. */
  readonly free: number;

  constructor(map: string, size: number, free: number) {
    super(
      `map ${map}: no room for a record of ${size} bytes, ${free} are free: run the program that drains it, or use reserveWhenFree()`,
    );
    this.size = size;
    this.free = free;
  }
}
