import { BpfCmd, BpfFlags, BpfMapType } from '../abi/index.js';
import { Errno, type MapElem, prepareMapElem } from '../syscall/index.js';
import { BpfMap, type MapParts } from './bpf-map.js';
import { defAs, type ElementAs } from './element-as.js';
import { type Element, type ElementCodec, elementCodec, indexKeyCodec } from './element-codec.js';
import { IterationError } from './iteration-error.js';
import { hasSpinLock } from './spin-lock.js';
import { type LockOptions, type UpdateMode, type UpdateOptions, updateFlags } from './update-mode.js';

/** The codecs of a family whose keys or values are not simply those of the map's BTF (per-CPU values, prefixes, fds). */
export interface ElementCodecs {
  readonly key?: ElementCodec<unknown>;
  readonly value?: ElementCodec<unknown>;
}

/** What is taken where a `T` is read: bytes, too, and anything where the type was not told to the compiler. */
export type Given<T> = Element extends T ? unknown : T | Uint8Array;

/**
 * A map from keys to values, both typed by BTF: `map.get(501)`, `map.set({pid: 1}, 2n)`, `for (const [key, value] of map)`. Bytes are taken for
 * any key or value. `K` and `V` only tell the compiler: `object.map('counts', HashMap<bigint, Stats>)`.
 */
export class KeyValueMap<K = Element, V = Element> extends BpfMap {
  readonly #elem: MapElem;
  readonly #key: ElementCodec<unknown>;
  readonly #value: ElementCodec<unknown>;

  constructor(parts: MapParts, { key, value }: ElementCodecs = {}) {
    super(parts);
    const keyCodec = indexed.has(this.type) ? indexKeyCodec : defaultKey;
    this.#key = key ?? keyCodec(parts.def, this.keySize);
    this.#value = value ?? elementCodec(parts.def, 'value', this.valueSize);
    this.#elem = prepareMapElem(parts.sys, this.fd, this.#key.size, this.#value.size);
  }

  /** The value of a key, or undefined when the map does not have it. Throws TypeError for a key of the wrong shape, BpfError for a refused call. */
  get(key: Given<K>, options?: LockOptions): V | undefined {
    return this.#lookup(key, options) ? (this.#value.readAt(this.#elem.valueView, 0) as V) : undefined;
  }

  has(key: Given<K>): boolean {
    return this.#lookup(key, undefined);
  }

  /**
   * Writes a value. Throws TypeError that names the field of the wrong shape; BpfError when the map is full (E2BIG), the key is there
   * (`noExist`: EEXIST) or not (`exist`: ENOENT), or the map is frozen (EPERM).
   */
  set(key: Given<K>, value: Given<V>, update: UpdateMode | UpdateOptions = 'any'): this {
    this.#key.writeAt(this.#ready().keyView, 0, key);
    this.#value.writeAt(this.#elem.valueView, 0, value);
    const result = this.#elem.update(update === 'any' ? 0 : this.#updateFlags(update));
    if (result < 0) throw this.refused(BpfCmd.BPF_MAP_UPDATE_ELEM, -result, this.#updateHint(-result));
    return this;
  }

  /** Deletes a key: true when the map had it. Throws BpfError for maps whose elements can't be deleted (arrays: EINVAL). */
  delete(key: Given<K>): boolean {
    this.#key.writeAt(this.#ready().keyView, 0, key);
    const result = this.#elem.delete();
    if (result < 0 && result !== -Errno.ENOENT) throw this.refused(BpfCmd.BPF_MAP_DELETE_ELEM, -result);
    return result === 0;
  }

  /**
   * The value of a key, which is deleted in the same step: no update between the two is lost. Hash maps since Linux 5.14 (kernel/bpf/hashtab.c);
   * throws BpfError where the kernel or the map type can't.
   */
  lookupAndDelete(key: Given<K>, options?: LockOptions): V | undefined {
    this.#key.writeAt(this.#ready().keyView, 0, key);
    const result = this.#elem.lookupAndDelete(options ? this.#lockFlag(options) : 0);
    if (result === -Errno.ENOENT) return undefined;
    if (result < 0) throw this.refused(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, -result, takeHint(-result));
    return this.#value.readAt(this.#elem.valueView, 0) as V;
  }

  /**
   * The same map, over the same fd, with its keys or values read otherwise: as `'bytes'`, by a type of the object's BTF (`as({value: 'struct
   * event'})`), or by a codec. Closing either closes both. Throws TypeError for a type that is not there or not of the size that the kernel says.
   */
  as<K2 = Element, V2 = Element>({ key, value }: As): KeyValueMap<K2, V2> {
    let { def } = this.parts;
    if (key !== undefined) def = defAs(def, 'key', key, this.keySize);
    if (value !== undefined) def = defAs(def, 'value', value, this.valueSize);
    const Same = this.constructor as new (parts: MapParts) => KeyValueMap<K2, V2>;
    return new Same({ ...this.parts, def });
  }

  /**
   * Keys, in the kernel's order. The key after the one yielded is already known, so deleting that one is safe; when others change the map
   * meanwhile a key may come twice or not at all. Throws IterationError rather than walk for ever.
   */
  *keys(): Generator<K, void, undefined> {
    let current = new Uint8Array(this.keySize);
    if (!this.#next(undefined, current)) return;
    for (let steps = 0; ; steps++) {
      if (steps > this.maxEntries) throw new IterationError(this.name, steps);
      const next = new Uint8Array(this.keySize);
      const more = this.#next(current, next);
      yield this.#key.readAt(new DataView(current.buffer), 0) as K;
      if (!more) return;
      current = next;
    }
  }

  /** Keys with their values; a key deleted meanwhile is passed over. */
  *entries(): Generator<[K, V], void, undefined> {
    for (const key of this.keys()) {
      const value = this.get(key as Given<K>);
      if (value !== undefined) yield [key, value];
    }
  }

  *values(): Generator<V, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[K, V], void, undefined> {
    return this.entries();
  }

  /** The prepared calls; throws TypeError after close(), before their fd can be somebody else's. */
  #ready(): MapElem {
    this.fd;
    return this.#elem;
  }

  #lookup(key: unknown, options: LockOptions | undefined): boolean {
    this.#key.writeAt(this.#ready().keyView, 0, key);
    const result = this.#elem.lookup(options ? this.#lockFlag(options) : 0);
    if (result < 0 && result !== -Errno.ENOENT) throw this.refused(BpfCmd.BPF_MAP_LOOKUP_ELEM, -result);
    return result === 0;
  }

  #updateFlags(update: UpdateMode | UpdateOptions): number {
    const flags = updateFlags(update);
    return typeof update === 'string' ? flags : flags | this.#lockFlag(update);
  }

  #lockFlag({ lock }: LockOptions): number {
    if (!lock) return 0;
    if (!hasSpinLock(this.parts.def))
      throw new TypeError(`map ${this.name}: lock: by BTF its value has no struct bpf_spin_lock to hold`);
    return BpfFlags.BPF_F_LOCK;
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

/** What {@link KeyValueMap.as} changes; what is left out stays as it is. */
export interface As {
  readonly key?: ElementAs;
  readonly value?: ElementAs;
}

/** Map types whose keys are indexes. */
const indexed = new Set<number>([
  BpfMapType.BPF_MAP_TYPE_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PROG_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BpfMapType.BPF_MAP_TYPE_CGROUP_ARRAY,
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_DEVMAP,
  BpfMapType.BPF_MAP_TYPE_CPUMAP,
  BpfMapType.BPF_MAP_TYPE_XSKMAP,
  BpfMapType.BPF_MAP_TYPE_SOCKMAP,
  BpfMapType.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
]);

function defaultKey(def: MapParts['def'], size: number): ElementCodec {
  return elementCodec(def, 'key', size);
}

function takeHint(errno: number): string | undefined {
  return errno === Errno.EINVAL || errno === Errno.ENOTSUPP || errno === Errno.EOPNOTSUPP
    ? 'this kernel or map type can not look up and delete in one step (hash maps: since Linux 5.14); get() and delete() do it in two'
    : undefined;
}
