import { perfEventMmapPage } from '../../abi/index.js';
import type { Mapping, OwnedFd } from '../../syscall/index.js';
import { littleEndian } from '../host-endian.js';
import { DamagedBufferError } from './damaged-buffer-error.js';
import { PERF_HEADER } from './perf-record.js';

/** A CPU's event and its mapping: a page of positions, then the data, where the page says it is (Linux 4.1). */
export class PerfPages {
  /** `map events, CPU 3`. */
  readonly what: string;
  readonly cpu: number;
  readonly size: number;
  readonly mask: number;
  /** `data_head` in 32-bit words, and `data_tail` as one of 64. */
  readonly head: Uint32Array<ArrayBuffer>;
  readonly tail: BigUint64Array<ArrayBuffer>;
  readonly bytes: Uint8Array;
  readonly words: Int32Array<ArrayBuffer>;
  readonly #event: OwnedFd;
  readonly #mapping: Mapping;
  #scratch = new Uint8Array(0);

  /** Owns the event and the mapping. Throws DamagedBufferError when the page describes data outside of it. */
  constructor(what: string, cpu: number, event: OwnedFd, mapping: Mapping) {
    const { buffer } = mapping;
    const page = new DataView(buffer);
    const number = (field: string): number =>
      Number(page.getBigUint64(perfEventMmapPage.offsetOf(field), littleEndian));
    const offset = number('data_offset');
    this.size = number('data_size');
    this.mask = this.size - 1;
    this.what = what;
    this.cpu = cpu;
    this.#event = event;
    this.#mapping = mapping;
    if (this.size < PERF_HEADER || this.size & this.mask || offset + this.size > buffer.byteLength)
      throw this.damaged(`${this.size} bytes of data at ${offset} of ${buffer.byteLength}`);
    this.head = new Uint32Array(buffer, perfEventMmapPage.offsetOf('data_head'), 2);
    this.tail = new BigUint64Array(buffer, perfEventMmapPage.offsetOf('data_tail'), 1);
    this.bytes = new Uint8Array(buffer, offset, this.size);
    this.words = new Int32Array(buffer, offset, this.size >> 2);
  }

  get fd(): number {
    return this.#event.value;
  }

  get closed(): boolean {
    return this.#event.closed;
  }

  /** A record that breaks at the end of the buffer, in one piece that is good until the next. */
  joined(at: number, size: number): Uint8Array {
    if (this.#scratch.length < size) this.#scratch = new Uint8Array(2 ** Math.ceil(Math.log2(size)));
    const first = this.size - at;
    this.#scratch.set(this.bytes.subarray(at), 0);
    this.#scratch.set(this.bytes.subarray(0, size - first), first);
    return this.#scratch;
  }

  damaged(reason: string): DamagedBufferError {
    return new DamagedBufferError(this.what, reason);
  }

  close(): void {
    this.#mapping.close();
    this.#event.close();
  }
}
