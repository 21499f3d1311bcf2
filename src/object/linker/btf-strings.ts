import type { Btf } from '../../btf/index.js';

const strOff = 16;
const strLen = 20;

/** Adds strings to a BTF blob whose strings come last: those of `.BTF.ext` stand there, too. */
export class BtfStrings {
  readonly #btf: Btf;
  readonly #added: Uint8Array[] = [];
  readonly #offsets = new Map<string, number>();
  readonly #encoder = new TextEncoder();
  #end: number;

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#end = btf.stringEnd;
    for (let at = 0; at < this.#end; ) {
      const text = btf.string(at);
      this.#offsets.set(text, at);
      at += this.#encoder.encode(text).length + 1;
    }
  }

  /** Offset of a string, which is added when it is not there yet. */
  offset(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const at = this.#end;
    const bytes = this.#encoder.encode(`${text}\0`);
    this.#offsets.set(text, at);
    this.#added.push(bytes);
    this.#end += bytes.length;
    return at;
  }

  /** The blob with the strings added. */
  get result(): Uint8Array {
    const { bytes, endian, stringEnd } = this.#btf;
    const old = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end =
      old.getUint32(4, endian === 'little') + old.getUint32(strOff, endian === 'little') + stringEnd;
    const all = new Uint8Array(end + this.#end - stringEnd);
    all.set(bytes.subarray(0, end));
    let at = end;
    for (const part of this.#added) {
      all.set(part, at);
      at += part.length;
    }
    new DataView(all.buffer).setUint32(strLen, this.#end, endian === 'little');
    return all;
  }
}
