import { bytesAt } from '../element-codec.js';
import type { ElementSource } from './element-source.js';
import { IterationError } from './iteration-error.js';
import type { SeenKeys } from './seen-keys.js';

/** What a walk needs to know to end, for maps that may lead it in circles. */
export interface WalkBound {
  readonly name: string;
  readonly keySize: number;
  /** How many elements the map can have. */
  readonly most: number;
  /** Keys given. */
  readonly seen: SeenKeys;
}

/** Reads the element at an index. */
export type Decode<T> = (keys: DataView, values: DataView, index: number) => T;

/**
 * A walk over a map, as an iterator: for `for…of`, spreading, `new Map(walk)`. It ends, whatever others do to the map meanwhile, and gives no key twice.
 * What it gives was there at some time during the walk; elements are read a batch at a time, so one may be gone when it is given.
 */
export class MapWalk<T> implements IterableIterator<T, undefined, unknown> {
  readonly #source: ElementSource;
  readonly #decode: Decode<T>;
  readonly #bound: WalkBound | undefined;
  #index = 0;
  #count: number;
  #ended = false;
  #steps = 0;
  #repeated = false;

  /** `filled` is how many elements are there to begin with. */
  constructor(source: ElementSource, filled: number, decode: Decode<T>, bound: WalkBound | undefined) {
    this.#source = source;
    this.#count = filled;
    this.#decode = decode;
    this.#bound = bound;
  }

  /** `batch` where the kernel reads many elements a call (Linux 5.6, most map types), else `key`: a call or two an element. */
  get method(): 'batch' | 'key' {
    return this.#source.method;
  }

  /**
   * False once the walk met a change: a key vanished or came again, so that others may have been missed. True says only that none was met: no
   * kernel gives a snapshot of a map that programs write to, a batch of a hash reads bucket after bucket.
   */
  get consistent(): boolean {
    return !this.#repeated && this.#source.changes === 0;
  }

  /** Throws IterationError when the map changes so fast that the walk is led back to its start again and again, BpfError for a refused call. */
  next(): IteratorResult<T, undefined> {
    for (;;) {
      if (this.#index >= this.#count && !this.#more()) return { value: undefined, done: true };
      const index = this.#index++;
      if (this.#bound === undefined || this.#isNew(this.#bound, index))
        return { value: this.#decode(this.#source.keys, this.#source.values, index), done: false };
    }
  }

  return(): IteratorResult<T, undefined> {
    this.#ended = true;
    this.#index = this.#count;
    return { value: undefined, done: true };
  }

  [Symbol.iterator](): this {
    return this;
  }

  #more(): boolean {
    while (!this.#ended) {
      const count = this.#source.fill();
      this.#ended = count < 0;
      this.#index = 0;
      this.#count = Math.max(0, count);
      if (this.#bound) this.#step(this.#bound, Math.max(1, count));
      if (count > 0) return true;
    }
    return false;
  }

  #isNew({ seen, keySize }: WalkBound, index: number): boolean {
    if (seen.add(bytesAt(this.#source.keys, index * keySize, keySize))) return true;
    this.#repeated = true;
    return false;
  }

  /** A walk that was led back to its start several times over will be led back again. */
  #step({ name, most }: WalkBound, steps: number): void {
    this.#steps += steps;
    if (this.#steps > 4 * most + 64) throw new IterationError(name, this.#steps);
  }
}
