import { FormatError } from '../errors/index.js';

/** A longer name than this is kept once it is decoded, and counted: source lines and paths, which many records name. */
const longName = 128;

/** The strings of a BTF blob, joined to those of its base: offsets below `start` are the base's. */
export class StringSection {
  readonly bytes: Uint8Array;
  /** Offset of the first string of this blob. */
  readonly start: number;
  readonly #base: StringSection | undefined;
  readonly #file: string;
  readonly #decoder = new TextDecoder();
  readonly #long = new Map<number, string>();
  /** Bytes of long names still to be decoded: strings that overlap could make a small file decode to gigabytes. */
  #budget: number;

  constructor(bytes: Uint8Array, base: StringSection | undefined, file: string) {
    this.bytes = bytes;
    this.start = base?.end ?? 0;
    this.#base = base;
    this.#file = file;
    this.#budget = 16 * bytes.length + (1 << 20);
  }

  /** One past the last offset. */
  get end(): number {
    return this.start + this.bytes.length;
  }

  /** The string at an offset. Throws FormatError for one outside of the section. */
  at(offset: number): string {
    const start = offset - this.start;
    if (start < 0 && this.#base) return this.#base.at(offset);
    if (!(start < this.bytes.length)) {
      if (offset === 0) return '';
      throw this.#error(`string offset ${offset} is outside the string section (${this.end} bytes)`);
    }
    const known = this.#long.get(start);
    if (known !== undefined) return known;
    const end = this.bytes.indexOf(0, start);
    if (end - start <= longName) return this.#decoder.decode(this.bytes.subarray(start, end));
    return this.#longAt(start, end);
  }

  #longAt(start: number, end: number): string {
    this.#budget -= end - start;
    if (this.#budget < 0) throw this.#error('strings overlap without measure');
    const text = this.#decoder.decode(this.bytes.subarray(start, end));
    this.#long.set(start, text);
    return text;
  }

  /** Whether the string at an offset is `wanted`, which ends with its NUL. */
  matches(offset: number, wanted: Uint8Array): boolean {
    const start = offset - this.start;
    if (start < 0) return this.#base?.matches(offset, wanted) ?? false;
    const bytes = this.bytes;
    for (let k = 0; k < wanted.length; k++) if (bytes[start + k] !== wanted[k]) return false;
    return true;
  }

  /** A hash of the string at an offset; 0 outside of the section. */
  hash(offset: number): number {
    const start = offset - this.start;
    return start < 0 ? (this.#base?.hash(offset) ?? 0) : hashBytes(this.bytes, start);
  }

  #error(reason: string): FormatError {
    return new FormatError(reason, { file: this.#file, section: '.BTF' });
  }
}

/** FNV-1a over the bytes up to the NUL, of which the first tell names apart: each byte of a long string may begin another's name. */
export function hashBytes(bytes: Uint8Array, start: number): number {
  let value = 0x811c9dc5;
  for (let i = start; i < start + longName && bytes[i]; i++) value = Math.imul(value ^ bytes[i]!, 0x01000193);
  return value >>> 0;
}
