import { wordCount } from '../fields.js';
import { KIND, kindOf, vlenOf } from '../kinds.js';
import type { TypeGraph } from './type-graph.js';

/** Hashes and compares single types by their words. Strings have to be deduplicated, so that equal names are equal offsets. */
export class Shapes {
  readonly #words: Uint32Array;
  readonly #at: Uint32Array;

  constructor({ words, at }: TypeGraph) {
    this.#words = words;
    this.#at = at;
  }

  /** Of what {@link alike} compares: without the types that structs and typedefs refer to, and for enums the name only, so that forward declarations are found. */
  hash(id: number): number {
    const w = this.#words;
    const at = this.#at[id] as number;
    const info = w[at + 1] as number;
    const named = mix(0, w[at] as number);
    switch (kindOf(info)) {
      case KIND.enum:
      case KIND.enum64:
        return named;
      case KIND.typedef:
        return mix(named, info);
      case KIND.int:
      case KIND.decl_tag:
        return mix(this.#head(at), w[at + 3] as number);
      case KIND.array:
        return mix(mix(mix(this.#head(at), w[at + 3] as number), w[at + 4] as number), w[at + 5] as number);
      case KIND.struct:
      case KIND.union:
        return this.#elements(at, 3, 2);
      case KIND.func_proto:
        return this.#elements(at, 2, 1);
      default:
        return this.#head(at);
    }
  }

  /** The same kind, name, flags, size (or type) and number of elements. */
  sameHead(a: number, b: number): boolean {
    const w = this.#words;
    const i = this.#at[a] as number;
    const j = this.#at[b] as number;
    return w[i] === w[j] && w[i + 1] === w[j + 1] && w[i + 2] === w[j + 2];
  }

  /** The same name, and the same kind, flags and number of elements. */
  sameInfo(a: number, b: number): boolean {
    const w = this.#words;
    const i = this.#at[a] as number;
    const j = this.#at[b] as number;
    return w[i] === w[j] && w[i + 1] === w[j + 1];
  }

  /** All words are the same. */
  equal(a: number, b: number): boolean {
    return this.sameHead(a, b) && this.#sameWords(a, b, 1, 0);
  }

  /** The same struct or union but for the types of its members. */
  alikeStruct(a: number, b: number): boolean {
    return this.sameHead(a, b) && this.#sameWords(a, b, 3, 0) && this.#sameWords(a, b, 3, 2);
  }

  /** The same function but for the types of what it takes and returns. */
  alikeProto(a: number, b: number): boolean {
    return this.sameInfo(a, b) && this.#sameWords(a, b, 2, 0);
  }

  /** The same array but for its types. */
  alikeArray(a: number, b: number): boolean {
    const w = this.#words;
    return this.sameHead(a, b) && w[(this.#at[a] as number) + 5] === w[(this.#at[b] as number) + 5];
  }

  /** An enum without values stands for any of its name. */
  isEnumForward(id: number): boolean {
    const info = this.#words[(this.#at[id] as number) + 1] as number;
    return isEnum(kindOf(info)) && vlenOf(info) === 0;
  }

  alikeEnum(a: number, b: number): boolean {
    if (!this.isEnumForward(a) && !this.isEnumForward(b)) return this.equal(a, b);
    const w = this.#words;
    const i = this.#at[a] as number;
    const j = this.#at[b] as number;
    return w[i] === w[j] && isEnum(kindOf(w[i + 1] as number)) && isEnum(kindOf(w[j + 1] as number));
  }

  #head(at: number): number {
    const w = this.#words;
    return mix(mix(mix(0, w[at] as number), w[at + 1] as number), w[at + 2] as number);
  }

  /** Every `each`th word from the `first` after the head on; the types have as many words. */
  #sameWords(a: number, b: number, each: number, first: number): boolean {
    const w = this.#words;
    const i = this.#at[a] as number;
    const j = this.#at[b] as number;
    const count = wordCount(w, i);
    for (let k = 3 + first; k < count; k += each) if (w[i + k] !== w[j + k]) return false;
    return true;
  }

  /** Of elements of `each` words the first and the one with index `other`. */
  #elements(at: number, each: number, other: number): number {
    const w = this.#words;
    let hash = this.#head(at);
    const end = at + 3 + each * vlenOf(w[at + 1] as number);
    for (let i = at + 3; i < end; i += each) hash = mix(mix(hash, w[i] as number), w[i + other] as number);
    return hash;
  }
}

function isEnum(kind: number): boolean {
  return kind === KIND.enum || kind === KIND.enum64;
}

function mix(hash: number, word: number): number {
  hash = Math.imul(hash ^ word, 0x85ebca6b);
  return (hash ^ (hash >>> 15)) >>> 0;
}
