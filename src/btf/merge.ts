import { FormatError } from '../errors/index.js';
import { blobOf, stringBytes } from './blob.js';
import type { Btf } from './btf.js';
import { encodeType } from './encode-type.js';
import { mapStrings, mapTypeIds, wordCount } from './fields.js';
import { KIND_NAMES, kindOf } from './kinds.js';
import type { BtfKind, BtfType } from './types.js';

/** What to do with a type: append it (undefined), refer to that type of the result instead (its id), or leave it out (0). */
export type Placement = (id: number, kind: BtfKind) => number | undefined;

/**
 * Appends BTF blobs one after another, type ids and string offsets shifted, types otherwise as they are. Duplicates stay, and so do strings
 * that nothing names: {@link dedupBtf} removes both. Blobs of either byte order can be mixed.
 */
export class BtfMerger {
  readonly base: Btf | undefined;
  readonly endian: 'little' | 'big';
  readonly #encoder = new TextEncoder();
  readonly #added = new Map<string, number>([['', 0]]);
  #words = new Uint32Array(1024);
  #used = 0;
  #strings: Uint8Array[] = [];
  #stringEnd: number;
  #nextId: number;

  /** With a base the result is split from it; what is added may be split from it, too, or have no base. */
  constructor(endian: 'little' | 'big', base?: Btf) {
    this.endian = endian;
    this.base = base;
    this.#nextId = base?.endId ?? 1;
    this.#stringEnd = base?.stringEnd ?? 0;
    if (!base) this.#addBytes(new Uint8Array(1));
  }

  /** The id that the next type gets. */
  get nextId(): number {
    return this.#nextId;
  }

  /**
   * Appends the types of a blob, except for those that `place` wants elsewhere. Returns their ids in the result by the id they had (those
   * of its base keep theirs), 0 for those left out. Throws FormatError for a type that refers to one that was left out or is not there, TypeError
   * for a blob of another base.
   */
  add(btf: Btf, place?: Placement): Uint32Array {
    if (btf.base && btf.base !== this.base)
      throw new TypeError(`${btf.file} is split from another base than the result`);
    const ids = new Uint32Array(btf.endId);
    for (let id = 1; id < btf.startId; id++) ids[id] = id;
    const appended: number[] = [];
    for (let id = btf.startId; id < btf.endId; id++) {
      const kind = KIND_NAMES[kindOf(btf.words[btf.wordIndex(id) + 1] as number)] as BtfKind;
      const placed = place?.(id, kind);
      ids[id] = placed ?? this.#nextId++;
      if (placed === undefined) appended.push(id);
    }
    const shift = this.#stringEnd - (btf.base?.stringEnd ?? 0);
    const ownStrings = btf.base?.stringEnd ?? 1;
    this.#addBytes(stringBytes(btf));
    for (const id of appended) {
      const at = this.#addWords(btf.words, btf.wordIndex(id), wordCount(btf.words, btf.wordIndex(id)));
      mapStrings(this.#words, at, offset => {
        if (offset >= btf.stringEnd && offset > 0)
          throw this.#error(btf, id, `names string ${offset}, which is outside the string section`);
        return offset < ownStrings ? offset : offset + shift;
      });
      mapTypeIds(this.#words, at, ref => {
        const placed = ids[ref];
        if (placed === undefined || (placed === 0 && ref !== 0))
          throw this.#error(btf, id, `refers to type ${ref}, which is not there or left out`);
        return placed;
      });
    }
    return ids;
  }

  /** Appends one type and returns its id. The type ids in it are those of the result, or become so by `newId`. Throws TypeError for `void`. */
  addType(type: BtfType, newId?: (id: number) => number): number {
    const words = encodeType(type, text => this.#addString(text));
    const at = this.#addWords(words, 0, words.length);
    if (newId) mapTypeIds(this.#words, at, newId);
    return this.#nextId++;
  }

  /** The blob so far. */
  bytes(): Uint8Array {
    const base = this.base?.stringEnd ?? 0;
    const strings = new Uint8Array(this.#stringEnd - base);
    let at = 0;
    for (const part of this.#strings) {
      strings.set(part, at);
      at += part.length;
    }
    return blobOf(this.#words.subarray(0, this.#used), strings, this.endian);
  }

  #addString(text: string): number {
    let at = this.#added.get(text);
    if (at === undefined) {
      at = this.#addBytes(this.#encoder.encode(`${text}\0`));
      this.#added.set(text, at);
    }
    return at;
  }

  #addBytes(bytes: Uint8Array): number {
    const at = this.#stringEnd;
    this.#strings.push(bytes);
    this.#stringEnd += bytes.length;
    return at;
  }

  #addWords(from: ArrayLike<number>, start: number, count: number): number {
    const at = this.#used;
    this.#used += count;
    if (this.#used > this.#words.length) {
      const larger = new Uint32Array(Math.max(this.#used, this.#words.length * 2));
      larger.set(this.#words);
      this.#words = larger;
    }
    for (let i = 0; i < count; i++) this.#words[at + i] = from[start + i] as number;
    return at;
  }

  #error(btf: Btf, id: number, reason: string): FormatError {
    return new FormatError(reason, { file: btf.file, section: '.BTF', field: `type ${id}` });
  }
}
