import type { Budget } from './budget.js';

/** Canonical types by the hash of their shape. The order in which those of one hash come decides which of several that fit is taken: it is libbpf's (src/hashmap.c), newest first and turned round whenever the table grows. */
export class Candidates {
  /** The first entry of each bucket, as index + 1, and the one after each entry. */
  #heads = new Uint32Array(0);
  readonly #next: Uint32Array;
  readonly #hashes: Uint32Array;
  readonly #ids: Uint32Array;
  readonly #budget: Budget;
  #count = 0;
  #bits = 1;

  constructor(capacity: number, budget: Budget) {
    this.#budget = budget;
    this.#next = new Uint32Array(capacity + 1);
    this.#hashes = new Uint32Array(capacity + 1);
    this.#ids = new Uint32Array(capacity + 1);
  }

  add(hash: number, id: number): void {
    if (Math.floor(((this.#count + 1) * 4) / 3) > this.#heads.length) this.#grow();
    const entry = ++this.#count;
    this.#hashes[entry] = hash;
    this.#ids[entry] = id;
    this.#prepend(entry);
  }

  /** The first entry with this hash, 0 for none. */
  first(hash: number): number {
    if (this.#count === 0) return 0;
    return this.#from(this.#heads[this.#bucket(hash)] as number, hash >>> 0);
  }

  /** The entry with the same hash that comes after one. */
  after(entry: number): number {
    return this.#from(this.#next[entry] as number, this.#hashes[entry] as number);
  }

  id(entry: number): number {
    return this.#ids[entry] as number;
  }

  #from(entry: number, hash: number): number {
    for (; entry !== 0; entry = this.#next[entry] as number) {
      this.#budget.spend();
      if (this.#hashes[entry] === hash) return entry;
    }
    return 0;
  }

  #grow(): void {
    const old = this.#heads;
    this.#bits++;
    this.#heads = new Uint32Array(2 ** this.#bits);
    for (const head of old)
      for (let entry = head; entry !== 0; ) {
        const next = this.#next[entry] as number;
        this.#prepend(entry);
        entry = next;
      }
  }

  #prepend(entry: number): void {
    const bucket = this.#bucket(this.#hashes[entry] as number);
    this.#next[entry] = this.#heads[bucket] as number;
    this.#heads[bucket] = entry;
  }

  #bucket(hash: number): number {
    return Math.imul(hash, 0x9e3779b1) >>> (32 - this.#bits);
  }
}
