import { FormatError } from '../../errors/index.js';
import { stringBytes } from '../blob.js';
import type { Btf } from '../btf.js';
import { mapStrings } from '../fields.js';
import { hashBytes } from '../string-section.js';
import type { TypeGraph } from './type-graph.js';

const unknown = 0xffffffff;

/**
 * Gives the strings that the types name new places, each string once, in the order in which types name them; the base's are used where it has them.
 * Changes the offsets in the graph and returns the new string section.
 */
export function dedupStrings(btf: Btf, graph: TypeGraph): Uint8Array {
  const places = new StringPlaces(btf);
  for (let id = graph.startId; id < graph.endId; id++)
    mapStrings(graph.words, graph.at[id] as number, offset => places.place(offset));
  return places.section();
}

interface Entry {
  /** The next entry of the same bucket, as index + 1. */
  readonly next: number;
  readonly hash: number;
  /** Where the string is, and where it will be. */
  readonly from: number;
  readonly place: number;
}

class StringPlaces {
  readonly #btf: Btf;
  /** The strings of the whole chain of bases, at their offsets. */
  readonly #bytes: Uint8Array;
  readonly #ownStart: number;
  /** New offset of the string at an old one. */
  readonly #places: Uint32Array;
  /** The first string of each bucket, as entry + 1. */
  readonly #heads: Uint32Array;
  readonly #mask: number;
  readonly #entries: Entry[] = [];
  readonly #kept: { from: number; end: number }[] = [];
  #end: number;
  #budget: number;

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#ownStart = btf.base?.stringEnd ?? 0;
    this.#bytes = new Uint8Array(btf.stringEnd);
    for (let link: Btf | undefined = btf; link; link = link.base)
      this.#bytes.set(stringBytes(link), link.base?.stringEnd ?? 0);
    this.#places = new Uint32Array(btf.stringEnd - this.#ownStart).fill(unknown);
    const buckets = 1 << Math.min(20, Math.max(8, Math.ceil(Math.log2(btf.stringEnd / 8 + 1))));
    this.#heads = new Uint32Array(buckets);
    this.#mask = buckets - 1;
    this.#end = this.#ownStart;
    this.#budget = 16 * btf.stringEnd + (1 << 20);
    if (btf.base) this.#addBase();
    else this.#keep(0, 0, hashBytes(this.#bytes, 0));
  }

  place(offset: number): number {
    if (offset === 0 || offset < this.#ownStart) return offset;
    if (offset >= this.#bytes.length)
      throw new FormatError(
        `string offset ${offset} is outside the string section (${this.#bytes.length} bytes)`,
        { file: this.#btf.file, section: '.BTF' },
      );
    const known = this.#places[offset - this.#ownStart] as number;
    if (known !== unknown) return known;
    const end = this.#bytes.indexOf(0, offset);
    this.#budget -= end - offset;
    if (this.#budget < 0)
      throw new FormatError('strings overlap without measure', { file: this.#btf.file, section: '.BTF' });
    const hash = hashBytes(this.#bytes, offset);
    const place = this.#find(offset, hash) ?? this.#keep(offset, end, hash);
    this.#places[offset - this.#ownStart] = place;
    return place;
  }

  section(): Uint8Array {
    const section = new Uint8Array(this.#end - this.#ownStart);
    let at = 0;
    for (const { from, end } of this.#kept) {
      section.set(this.#bytes.subarray(from, end), at);
      at += end - from + 1;
    }
    return section;
  }

  /** Of equal strings in the base the first one counts. */
  #addBase(): void {
    for (let at = 0; at < this.#ownStart; at = this.#bytes.indexOf(0, at) + 1) {
      const hash = hashBytes(this.#bytes, at);
      if (this.#find(at, hash) === undefined) this.#enter(at, hash, at);
    }
  }

  #keep(from: number, end: number, hash: number): number {
    const place = this.#end;
    this.#kept.push({ from, end });
    this.#end += end - from + 1;
    this.#enter(from, hash, place);
    return place;
  }

  #enter(from: number, hash: number, place: number): void {
    const bucket = hash & this.#mask;
    this.#entries.push({ next: this.#heads[bucket] as number, hash, from, place });
    this.#heads[bucket] = this.#entries.length;
  }

  #find(offset: number, hash: number): number | undefined {
    for (let i = this.#heads[hash & this.#mask] as number; i; ) {
      const entry = this.#entries[i - 1] as Entry;
      if (entry.hash === hash && this.#equal(entry.from, offset)) return entry.place;
      i = entry.next;
    }
    return undefined;
  }

  #equal(a: number, b: number): boolean {
    const bytes = this.#bytes;
    while (bytes[a] === bytes[b]) {
      if (!bytes[a]) return true;
      a++;
      b++;
    }
    return false;
  }
}
