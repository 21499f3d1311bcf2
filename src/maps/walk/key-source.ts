import { Errno, type MapElem } from '../../syscall/index.js';
import type { ElementSource, WalkAction } from './element-source.js';
import type { SeenKeys } from './seen-keys.js';

/** Keys given out last, to go on from when the one that was to be next is gone. */
const remembered = 16;

/**
 * Elements of a map one at a time, by BPF_MAP_GET_NEXT_KEY. The key after the one given out is already known, so that one may be deleted. When
 * somebody deletes the key that is known, a hash map begins again at its first (htab_map_get_next_key in kernel/bpf/hashtab.c): that shows in a key that was
 * seen, and the walk goes on from the last key given out that is still there.
 */
export class KeySource implements ElementSource {
  readonly method = 'key';
  readonly keys: DataView;
  readonly #key: Uint8Array;
  readonly #elem: () => MapElem;
  readonly #action: WalkAction;
  readonly #refuse: (cmd: 'next' | 'lookup' | 'delete', errno: number) => Error;
  readonly #seen: SeenKeys | undefined;
  readonly #recent: Uint8Array[] = [];
  #ahead: Uint8Array;
  #state: 'start' | 'more' | 'end' = 'start';
  #vanished = 0;
  #restarts = 0;

  /** `elem` gives the prepared calls of the map, and throws when it is closed. `seen` are the keys given out, for maps where they may come again. */
  constructor(
    elem: () => MapElem,
    action: WalkAction,
    seen: SeenKeys | undefined,
    refuse: (cmd: 'next' | 'lookup' | 'delete', errno: number) => Error,
  ) {
    const { length } = elem().key;
    this.#elem = elem;
    this.#action = action;
    this.#refuse = refuse;
    this.#seen = seen;
    this.#key = new Uint8Array(length);
    this.#ahead = new Uint8Array(length);
    this.keys = new DataView(this.#key.buffer);
  }

  /** Those of the map's own calls: read them before the next call. */
  get values(): DataView {
    return this.#elem().valueView;
  }

  get changes(): number {
    return this.#vanished + this.#restarts;
  }

  fill(): number {
    if (this.#state === 'start') this.#advance(undefined);
    if (this.#state === 'end') return -1;
    this.#key.set(this.#ahead);
    this.#advance(this.#key);
    if (this.#seen) this.#goOn(this.#seen);
    if (this.#action === 'keys' || this.#read()) return 1;
    // An array gives all its indexes, whether there is something at them or not.
    if (this.#seen) this.#vanished++;
    return 0;
  }

  #advance(after: Uint8Array | undefined): void {
    const elem = this.#elem();
    if (after) elem.key.set(after);
    const result = elem.nextKey(after === undefined, this.#ahead);
    if (result < 0 && result !== -Errno.ENOENT) throw this.#refuse('next', -result);
    this.#state = result < 0 ? 'end' : 'more';
  }

  /** Gets ahead of what was seen. Where all the last keys are gone, the walk does begin again. */
  #goOn(seen: SeenKeys): void {
    if (this.#ledBack(seen)) {
      this.#restarts++;
      for (let i = this.#recent.length - 1; i >= 0 && this.#ledBack(seen); i--)
        this.#advance(this.#recent[i]);
    }
    const oldest = this.#recent.length < remembered ? undefined : this.#recent.shift();
    const kept = oldest ?? new Uint8Array(this.#key.length);
    kept.set(this.#key);
    this.#recent.push(kept);
  }

  #ledBack(seen: SeenKeys): boolean {
    return this.#state === 'more' && seen.has(this.#ahead);
  }

  /** Whether the element was still there to be read and, if asked, deleted. */
  #read(): boolean {
    const elem = this.#elem();
    elem.key.set(this.#key);
    const found = elem.lookup();
    if (found < 0 && found !== -Errno.ENOENT) throw this.#refuse('lookup', -found);
    if (found < 0 || this.#action !== 'take') return found === 0;
    const deleted = elem.delete();
    if (deleted < 0 && deleted !== -Errno.ENOENT) throw this.#refuse('delete', -deleted);
    return deleted === 0;
  }
}
