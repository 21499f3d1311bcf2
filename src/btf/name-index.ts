import { kindOf } from './kinds.js';
import { hashBytes, type StringSection } from './string-section.js';

/** Look-ups that are answered by walking over the types. An index costs as much as twenty of them, and most programs ask for few names. */
const walks = 16;

/** Finds types by name: over the string bytes, so no string is made for the names not asked for; later by a hash table in typed arrays. */
export class NameIndex {
  readonly #words: Uint32Array;
  readonly #offsets: Uint32Array;
  readonly #strings: StringSection;
  #finds = 0;
  #table: HashTable | undefined;

  constructor(words: Uint32Array, offsets: Uint32Array, strings: StringSection) {
    this.#words = words;
    this.#offsets = offsets;
    this.#strings = strings;
  }

  /** Indexes (id - startId) of the types named `name`, ascending; with a kind (`BTF_KIND_*`) only those of it. */
  find(name: string, kind: number | undefined): Iterable<number> {
    const wanted = new TextEncoder().encode(`${name}\0`);
    return this.#finds++ < walks ? this.#walk(wanted, kind) : this.#look(wanted, kind);
  }

  *#walk(wanted: Uint8Array, kind: number | undefined): Generator<number> {
    const words = this.#words;
    const offsets = this.#offsets;
    const strings = this.#strings;
    const { bytes, start } = strings;
    const first = wanted[0];
    for (let i = 0; i < offsets.length; i++) {
      const at = offsets[i]!;
      if (kind !== undefined && ((words[at + 1]! >>> 24) & 0x7f) !== kind) continue;
      const name = words[at]!;
      if (name === 0 || (name >= start && bytes[name - start] !== first)) continue;
      if (strings.matches(name, wanted)) yield i;
    }
  }

  *#look(wanted: Uint8Array, kind: number | undefined): Generator<number> {
    this.#table ??= new HashTable(this.#words, this.#offsets, this.#strings);
    for (const i of this.#table.candidates(wanted)) {
      const at = this.#offsets[i]!;
      if (kind !== undefined && kindOf(this.#words[at + 1]!) !== kind) continue;
      if (this.#strings.matches(this.#words[at]!, wanted)) yield i;
    }
  }
}

class HashTable {
  /** First type (index + 1) of each bucket, and the next one of the same bucket. */
  readonly #heads: Uint32Array;
  readonly #next: Uint32Array;
  readonly #mask: number;

  constructor(words: Uint32Array, offsets: Uint32Array, strings: StringSection) {
    const buckets = 1 << Math.max(4, Math.ceil(Math.log2(offsets.length + 1)));
    this.#mask = buckets - 1;
    this.#heads = new Uint32Array(buckets);
    this.#next = new Uint32Array(offsets.length);
    // Backwards, so that a chain lists lower ids first.
    for (let i = offsets.length - 1; i >= 0; i--) {
      const name = words[offsets[i]!]!;
      if (name === 0 || name >= strings.end) continue;
      const bucket = strings.hash(name) & this.#mask;
      this.#next[i] = this.#heads[bucket]!;
      this.#heads[bucket] = i + 1;
    }
  }

  /** Indexes of the types in the bucket of a name, ascending. */
  *candidates(name: Uint8Array): Generator<number> {
    for (let i = this.#heads[hashBytes(name, 0) & this.#mask]!; i; i = this.#next[i - 1]!) yield i - 1;
  }
}
