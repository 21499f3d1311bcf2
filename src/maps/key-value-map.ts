import { BpfCmd, BpfFlags } from '../abi/index.js';
import { Errno, type MapElem, prepareMapElem } from '../syscall/index.js';
import { BpfMap, type MapParts } from './bpf-map.js';
import { type Element, type ElementCodec, elementCodec } from './element-codec.js';
import { IterationError } from './iteration-error.js';

/** When `set` may write: `any`, only a new key (`noExist`), only a present one (`exist`). */
export type UpdateMode = 'any' | 'noExist' | 'exist';

const updateFlags: Readonly<Record<UpdateMode, number>> = {
  any: BpfFlags.BPF_ANY,
  noExist: BpfFlags.BPF_NOEXIST,
  exist: BpfFlags.BPF_EXIST,
};

/** The codecs of a family whose keys or values are not simply those of the map's BTF (per-CPU values, prefixes, fds). */
export interface ElementCodecs {
  readonly key?: ElementCodec;
  readonly value?: ElementCodec;
}

/** A map from keys to values, both typed by BTF: `map.get(501)`, `map.set({pid: 1}, 2n)`, `for (const [key, value] of map)`. */
export class KeyValueMap extends BpfMap {
  readonly #elem: MapElem;
  readonly #key: ElementCodec;
  readonly #value: ElementCodec;

  constructor(parts: MapParts, { key, value }: ElementCodecs = {}) {
    super(parts);
    this.#key = key ?? elementCodec(parts.def, 'key', this.keySize);
    this.#value = value ?? elementCodec(parts.def, 'value', this.valueSize);
    this.#elem = prepareMapElem(parts.sys, this.fd, this.#key.size, this.#value.size);
  }

  /** The value of a key, or undefined when the map does not have it. Throws TypeError for a key of the wrong shape, BpfError for a refused call. */
  get(key: unknown): Element | undefined {
    return this.#lookup(key) ? this.#value.readAt(this.#elem.valueView, 0) : undefined;
  }

  has(key: unknown): boolean {
    return this.#lookup(key);
  }

  /**
   * Writes a value. Throws TypeError that names the field of the wrong shape; BpfError when the map is full (E2BIG), the key is there
   * (`noExist`: EEXIST) or not (`exist`: ENOENT), or the map is frozen (EPERM).
   */
  set(key: unknown, value: unknown, mode: UpdateMode = 'any'): this {
    this.#key.writeAt(this.#ready().keyView, 0, key);
    this.#value.writeAt(this.#elem.valueView, 0, value);
    const result = this.#elem.update(updateFlags[mode]);
    if (result < 0) throw this.refused(BpfCmd.BPF_MAP_UPDATE_ELEM, -result, this.#updateHint(-result));
    return this;
  }

  /** Deletes a key: true when the map had it. Throws BpfError for maps whose elements can't be deleted (arrays: EINVAL). */
  delete(key: unknown): boolean {
    this.#key.writeAt(this.#ready().keyView, 0, key);
    const result = this.#elem.delete();
    if (result < 0 && result !== -Errno.ENOENT) throw this.refused(BpfCmd.BPF_MAP_DELETE_ELEM, -result);
    return result === 0;
  }

  /**
   * Keys, in the kernel's order. The key after the one yielded is already known, so deleting that one is safe; when others change the map
   * meanwhile a key may come twice or not at all. Throws IterationError rather than walk for ever.
   */
  *keys(): Generator<Element, void, undefined> {
    let current = new Uint8Array(this.keySize);
    if (!this.#next(undefined, current)) return;
    for (let steps = 0; ; steps++) {
      if (steps > this.maxEntries) throw new IterationError(this.name, steps);
      const next = new Uint8Array(this.keySize);
      const more = this.#next(current, next);
      yield this.#key.readAt(new DataView(current.buffer), 0);
      if (!more) return;
      current = next;
    }
  }

  /** Keys with their values; a key deleted meanwhile is passed over. */
  *entries(): Generator<[Element, Element], void, undefined> {
    for (const key of this.keys()) {
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  *values(): Generator<Element, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[Element, Element], void, undefined> {
    return this.entries();
  }

  /** The prepared calls; throws TypeError after close(), before their fd can be somebody else's. */
  #ready(): MapElem {
    this.fd;
    return this.#elem;
  }

  #lookup(key: unknown): boolean {
    this.#key.writeAt(this.#ready().keyView, 0, key);
    const result = this.#elem.lookup();
    if (result < 0 && result !== -Errno.ENOENT) throw this.refused(BpfCmd.BPF_MAP_LOOKUP_ELEM, -result);
    return result === 0;
  }

  #next(after: Uint8Array | undefined, next: Uint8Array): boolean {
    const elem = this.#ready();
    if (after) elem.key.set(after);
    const result = elem.nextKey(after === undefined, next);
    if (result < 0 && result !== -Errno.ENOENT) throw this.refused(BpfCmd.BPF_MAP_GET_NEXT_KEY, -result);
    return result === 0;
  }

  #updateHint(errno: number): string | undefined {
    if (errno === Errno.E2BIG)
      return `the map is full or the index is not below its max_entries (${this.maxEntries})`;
    if (errno === Errno.EPERM) return 'the map is frozen or read-only for user space';
    if (errno === Errno.EEXIST) return 'the key is there already';
    if (errno === Errno.ENOENT) return 'the key is not there';
    return undefined;
  }
}
