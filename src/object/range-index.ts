/** Records that each belong to a byte of a section, to find by range: an object may have as many functions as records. */
export class RangeIndex<T> {
  readonly #records: readonly T[];
  readonly #offsetOf: (record: T) => number;

  constructor(records: readonly T[], offsetOf: (record: T) => number) {
    const offsets = records.map(offsetOf);
    const sorted = offsets.every((offset, i) => i === 0 || offset >= (offsets[i - 1] as number));
    this.#records = sorted ? records : records.toSorted((a, b) => offsetOf(a) - offsetOf(b));
    this.#offsetOf = offsetOf;
  }

  /** The records from byte `start` up to, not including, `end`; by place, those of one place in their own order. */
  within(start: number, end: number): T[] {
    const first = this.#firstFrom(start);
    return this.#records.slice(first, Math.max(first, this.#firstFrom(end)));
  }

  #firstFrom(offset: number): number {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#offsetOf(this.#records[middle] as T) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
