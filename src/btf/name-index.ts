/** Finds types by name: a hash table in typed arrays over the string bytes, so no string is made for the names not asked for. */
export class NameIndex {
  readonly #words: Uint32Array;
  readonly #offsets: Uint32Array;
  readonly #strings: Uint8Array;
  readonly #stringBase: number;
  /** First type (index + 1) of each bucket, and the next one of the same bucket. */
  readonly #heads: Uint32Array;
  readonly #next: Uint32Array;
  readonly #mask: number;

  constructor(words: Uint32Array, offsets: Uint32Array, strings: Uint8Array, stringBase: number) {
    this.#words = words;
    this.#offsets = offsets;
    this.#strings = strings;
    this.#stringBase = stringBase;
    const buckets = 1 << Math.max(4, Math.ceil(Math.log2(offsets.length + 1)));
    this.#mask = buckets - 1;
    this.#heads = new Uint32Array(buckets);
    this.#next = new Uint32Array(offsets.length);
    // Backwards, so that a chain lists lower ids first.
    for (let i = offsets.length - 1; i >= 0; i--) {
      const start = words[offsets[i]!]! - stringBase;
      // A split blob may name a type by a string of its base; those are found through their own copy only when they have one.
      if (start <= 0 || start >= strings.length) continue;
      const bucket = hash(strings, start) & this.#mask;
      this.#next[i] = this.#heads[bucket]!;
      this.#heads[bucket] = i + 1;
    }
  }

  /** Indexes (id - startId) of the types named `name`, ascending. */
  *find(name: string): Generator<number> {
    const wanted = new TextEncoder().encode(`${name}\0`);
    for (let i = this.#heads[hash(wanted, 0) & this.#mask]!; i; i = this.#next[i - 1]!) {
      const start = this.#words[this.#offsets[i - 1]!]! - this.#stringBase;
      if (wanted.every((byte, k) => this.#strings[start + k] === byte)) yield i - 1;
    }
  }
}

/** FNV-1a over the bytes up to the NUL. */
function hash(bytes: Uint8Array, start: number): number {
  let value = 0x811c9dc5;
  for (let i = start; bytes[i]; i++) value = Math.imul(value ^ bytes[i]!, 0x01000193);
  return value >>> 0;
}
