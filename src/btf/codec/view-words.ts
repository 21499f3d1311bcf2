const hostIsLittle = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Calls on another view after which that is the one to keep words of: making them costs as much as many reads without. */
const PATIENCE = 16;

/**
 * The 64-bit words of the view that a codec reads most: a reader of a ring buffer reads one view a million times.
 * V8 of Node 20 reads them inline from typed arrays only; DataView's getBigUint64 is a call. One view's memory is kept alive so, the last.
 */
export class WordsOfViews {
  view: DataView | undefined;
  /** Null if the view's memory is not aligned, or the machine's byte order another. */
  words: BigUint64Array | null = null;
  #candidate: DataView | undefined;
  #calls = 0;

  /** The words of a view that is not the one kept, for reading at an offset: null, unless it is kept from now on. */
  other(view: DataView, offset: number): BigUint64Array | null {
    if (view !== this.#candidate) {
      this.#candidate = view;
      this.#calls = 0;
    }
    if (++this.#calls < PATIENCE) return null;
    this.view = view;
    this.words = wordsOf(view);
    return offset & 7 ? null : this.words;
  }
}

function wordsOf({ buffer, byteOffset, byteLength }: DataView): BigUint64Array | null {
  const isAligned = byteOffset % 8 === 0 && byteLength < 0xffffffff;
  return hostIsLittle && isAligned ? new BigUint64Array(buffer, byteOffset, byteLength >>> 3) : null;
}
