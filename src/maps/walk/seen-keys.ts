/** The keys that a walk has given, by their bytes. */
export class SeenKeys {
  readonly #keys = new Set<string>();

  has(key: Uint8Array): boolean {
    return this.#keys.has(text(key));
  }

  /** False when it was there already. */
  add(key: Uint8Array): boolean {
    const before = this.#keys.size;
    return this.#keys.add(text(key)).size > before;
  }
}

function text(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
