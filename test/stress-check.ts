const sizes = [16, 36, 100];

/** Says what is wrong with the records of bpf/test-stress.bpf.c: `struct record {u32 producer, seq, checksum, size}`, its last word the complement of the checksum. */
export class StressCheck {
  received = 0;
  /** The first few faults. */
  readonly faults: string[] = [];
  readonly #next: Map<number, number[]> = new Map();
  #bytes: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** A raw callback. Records of a producer come in order on each CPU; a ring buffer is as one CPU. */
  readonly raw = (bytes: Uint8Array, offset: number, length: number, cpu: number): void => {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const view = this.#view;
    this.received++;
    const producer = view.getUint32(offset, true);
    const seq = view.getUint32(offset + 4, true);
    const checksum = view.getUint32(offset + 8, true);
    const size = view.getUint32(offset + 12, true);
    const expected = (Math.imul(seq, 0x9e3779b1) ^ Math.imul(producer + 1, 0x85ebca6b) ^ size) >>> 0;
    if (producer > 1 || checksum !== expected || (cpu < 0 ? length !== size : length < size))
      this.#fault(`damaged: ${[producer, seq, checksum, size, length]}`);
    else if (size > 16 && view.getUint32(offset + size - 4, true) !== ~checksum >>> 0)
      this.#fault(`damaged at its end: ${[producer, seq, size]}`);
    else if (size !== sizes[seq % 3]) this.#fault(`of another size: ${[producer, seq, size]}`);
    let next = this.#next.get(cpu);
    if (!next) {
      next = [0, 0];
      this.#next.set(cpu, next);
    }
    if (seq < (next[producer] as number)) this.#fault(`${seq} of ${producer} after ${next[producer]}`);
    next[producer] = seq + 1;
  };

  #fault(what: string): void {
    if (this.faults.length < 10) this.faults.push(what);
  }
}
