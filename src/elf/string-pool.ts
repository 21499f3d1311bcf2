/** A string table (`SHT_STRTAB`) to write: every string once, each ended by a NUL, the empty string at offset 0. */
export class StringPool {
  readonly #offsets = new Map<string, number>([['', 0]]);
  readonly #parts: Uint8Array[] = [new Uint8Array(1)];
  readonly #encoder = new TextEncoder();
  #size = 1;

  /** Byte offset of a string in the table, to which it is added when it is not there yet. */
  offset(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const at = this.#size;
    const part = this.#encoder.encode(`${text}\0`);
    this.#offsets.set(text, at);
    this.#parts.push(part);
    this.#size += part.length;
    return at;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}
