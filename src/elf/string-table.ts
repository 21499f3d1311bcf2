import { FormatError, type FormatErrorPlace } from '../errors/index.js';

const utf8 = new TextDecoder();

/** A `SHT_STRTAB` section's strings, each checked to begin and end within the section. */
export class StringTable {
  readonly #data: Uint8Array;
  readonly #section: string;
  readonly #cache = new Map<number, string>();
  /**
   * Bytes still to be decoded. Honest tables are read about once over; one whose every byte starts a long name could otherwise
   * make a small file decode to gigabytes.
   */
  #budget: number;

  constructor(data: Uint8Array, section: string) {
    this.#data = data;
    this.#section = section;
    this.#budget = 64 * data.length + 65536;
  }

  /** The string at `offset`. Throws FormatError at `place` when it is not in the table. */
  at(offset: number, place: FormatErrorPlace): string {
    const known = this.#cache.get(offset);
    if (known !== undefined) return known;
    const { length } = this.#data;
    // An empty table is how a file says that it has no names.
    if (offset === 0 && length === 0) return '';
    if (offset >= length)
      throw new FormatError(
        `name at byte ${offset} of ${this.#section}, which has only ${length} bytes`,
        place,
      );
    const end = this.#data.indexOf(0, offset);
    if (end < 0)
      throw new FormatError(
        `name at byte ${offset} of ${this.#section} has no end (NUL) in the section`,
        place,
      );
    this.#budget -= end - offset;
    if (this.#budget < 0) throw new FormatError(`names overlap without measure in ${this.#section}`, place);
    const text = decode(this.#data, offset, end);
    this.#cache.set(offset, text);
    return text;
  }
}

function decode(data: Uint8Array, start: number, end: number): string {
  // Short ASCII names are nearly all there are, and TextDecoder costs more per call than they do.
  if (end - start < 64) {
    let text = '';
    for (let i = start; i < end; i++) {
      const byte = data[i] as number;
      if (byte >= 0x80) return utf8.decode(data.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return utf8.decode(data.subarray(start, end));
}
