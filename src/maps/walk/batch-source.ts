import { Errno, type MapBatch } from '../../syscall/index.js';
import type { ElementSource } from './element-source.js';

/** Times that a batch which was interrupted before its first element is tried again. */
const mostInterrupted = 16;

/** Elements of a map a batch at a time. */
export class BatchSource implements ElementSource {
  readonly method = 'batch';
  readonly changes = 0;
  #batch: MapBatch;
  #ended = false;
  readonly #take: boolean;
  readonly #most: number;
  readonly #open: () => void;
  readonly #refuse: (errno: number) => Error;
  #interrupted = 0;

  /** `most` is how many elements the map can have; `open` throws when the map is closed. */
  constructor(
    batch: MapBatch,
    take: boolean,
    most: number,
    open: () => void,
    refuse: (errno: number) => Error,
  ) {
    this.#batch = batch;
    this.#take = take;
    this.#most = most;
    this.#open = open;
    this.#refuse = refuse;
  }

  get keys(): DataView {
    return this.#batch.keyView;
  }

  get values(): DataView {
    return this.#batch.valueView;
  }

  /** The first call, whose result may be that there are no batches: undefined, then. */
  first(): number | undefined {
    const result = this.#call();
    return this.#batch.unsupported(result) ? undefined : this.#got(result);
  }

  fill(): number {
    if (this.#ended) return -1;
    this.#open();
    return this.#got(this.#call());
  }

  #call(): number {
    return this.#take ? this.#batch.lookupAndDelete() : this.#batch.lookup();
  }

  #got(result: number): number {
    const { count, capacity } = this.#batch;
    if (result === 0) return count;
    if (result === -Errno.ENOENT) {
      this.#ended = true;
      return count;
    }
    // A bucket of a hash comes as a whole or not at all.
    if (result === -Errno.ENOSPC && capacity < this.#most) {
      this.#batch = this.#batch.grown(Math.min(this.#most, capacity * 2));
      return 0;
    }
    // Older kernels stop at an element that is deleted while they read it (generic_map_lookup_batch).
    if (result === -Errno.EINTR && (count > 0 || this.#interrupted++ < mostInterrupted)) return count;
    throw this.#refuse(-result);
  }
}
