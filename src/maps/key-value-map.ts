import { BpfCmd, BpfFlags } from '../abi/index.js';
import { type BpfError, Errno, MapElem } from '../syscall/index.js';
import { BpfMap, type MapParts } from './bpf-map.js';
import { defAs, type ElementAs } from './element-as.js';
import { type Element, type ElementCodec, elementCodec, indexKeyCodec } from './element-codec.js';
import { copiedSize } from './kinds/percpu-codec.js';
import { refusalHint } from './refusal-hint.js';
import { hasSpinLock } from './spin-lock.js';
import { type LockOptions, type UpdateMode, type UpdateOptions, updateFlags } from './update-mode.js';
import { type BulkMap, type OpenedSource, openSource } from './walk/bulk-map.js';
import { deleteMany, setMany, zeroAll } from './walk/bulk-write.js';
import { isDense, isIndexed } from './walk/indexed.js';
import { type Decode, MapWalk } from './walk/map-walk.js';

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
  #many: BulkMap | undefined;

  constructor(parts: MapParts, { key, value }: ElementCodecs = {}) {
    super(parts);
    const keyCodec = isIndexed(this.type) ? indexKeyCodec : defaultKey;
    this.#key = key ?? keyCodec(parts.def, this.keySize);
    this.#value = value ?? elementCodec(parts.def, 'value', this.valueSize);
    // What the kernel copies fits, whatever size a codec says it has.
    const valueSize = copiedSize(this.type, this.valueSize, parts.kernel);
    this.#elem = new MapElem(
      parts.sys,
      this.fd,
      Math.max(this.#key.size, this.keySize),
      Math.max(this.#value.size, valueSize),
    );
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
    if (result < 0) throw this.updateRefused(-result);
    return this;
  }

  /** Deletes a key: true when the map had it. Throws BpfError for maps whose elements can't be deleted (arrays: EINVAL). */
  delete(key: Given<K>): boolean {
    this.#key.writeAt(this.#ready().keyView, 0, key);
    const result = this.#elem.delete();
    if (result < 0 && result !== -Errno.ENOENT) throw this.#refusedBy(BpfCmd.BPF_MAP_DELETE_ELEM, -result);
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
    if (result < 0) throw this.#refusedBy(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, -result);
    return this.#value.readAt(this.#elem.valueView, 0) as V;
  }

  /**
   * The key that comes after another in the kernel's order, or without one the first; undefined at the end. Hashes begin anew after a key that they do not have
   * (BPF_MAP_GET_NEXT_KEY): {@link keys} is the walk that ends. Throws BpfError.
   */
  nextKey(key?: Given<K>): K | undefined {
    const elem = this.#ready();
    if (key !== undefined) this.#key.writeAt(elem.keyView, 0, key);
    const next = new Uint8Array(elem.key.length);
    const result = elem.nextKey(key === undefined, next);
    if (result === -Errno.ENOENT) return undefined;
    if (result < 0) throw this.#refusedBy(BpfCmd.BPF_MAP_GET_NEXT_KEY, -result);
    return this.#key.readAt(new DataView(next.buffer), 0) as K;
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
   * A walk over the keys, in the kernel's order. It ends, gives no key twice, and bears deleting and setting meanwhile, by the loop and by others: see
   * {@link MapWalk}, which tells whether it met such changes. Throws IterationError rather than walk for ever, BpfError for a refused call.
   */
  keys(): MapWalk<K> {
    const size = this.keySize;
    return this.#walk(
      openSource(this.#bulk(), 'keys'),
      (keys, _, i) => this.#key.readAt(keys, i * size) as K,
    );
  }

  /** A walk over keys with their values, like {@link keys}. */
  entries(): MapWalk<[K, V]> {
    const bulk = this.#bulk();
    const { keySize, valueSize } = bulk;
    return this.#walk(openSource(bulk, 'entries'), (keys, values, i) => [
      this.#key.readAt(keys, i * keySize) as K,
      this.#value.readAt(values, i * valueSize) as V,
    ]);
  }

  /** A walk over the values, like {@link keys}. */
  values(): MapWalk<V> {
    const bulk = this.#bulk();
    const { valueSize } = bulk;
    return this.#walk(
      openSource(bulk, 'entries'),
      (_, values, i) => this.#value.readAt(values, i * valueSize) as V,
    );
  }

  [Symbol.iterator](): MapWalk<[K, V]> {
    return this.entries();
  }

  /** How many elements there are now: counted by a walk, since the kernel does not say; arrays have maxEntries. Throws as {@link keys}. */
  get size(): number {
    if (isDense(this.type)) return this.maxEntries;
    const opened = openSource(this.#bulk(), 'keys');
    let count = 0;
    if (opened.seen) {
      const walk = this.#walk(opened, () => undefined);
      while (!walk.next().done) count++;
    } else for (let n = opened.filled; n >= 0; n = opened.source.fill()) count += n;
    return count;
  }

  /**
   * Writes many entries, as many in a call as fit (BPF_MAP_UPDATE_BATCH, Linux 5.6; one by one where the kernel, or the mode, does without); returns how many.
   * Throws what {@link set} throws; a BpfError then tells in `done` how many were written before, and a TypeError comes before those of its batch are.
   */
  setMany(
    entries: Iterable<readonly [Given<K>, Given<V>]>,
    update: UpdateMode | UpdateOptions = 'any',
  ): number {
    return setMany(this.#bulk(), entries, this.#updateFlags(update));
  }

  /** Deletes many keys (BPF_MAP_DELETE_BATCH, Linux 5.6; else one by one); returns how many of them were there. Throws what {@link delete} throws. */
  deleteMany(keys: Iterable<Given<K>>): number {
    return deleteMany(this.#bulk(), keys);
  }

  /**
   * Takes all entries out of the map, each in one step with its reading (BPF_MAP_LOOKUP_AND_DELETE_BATCH, Linux 5.6; elsewhere it is read, then deleted, and an
   * update between the two is lost). What is inserted meanwhile may stay. Throws BpfError when nothing could be taken; an error later on ends the
   * taking, and what was taken is returned.
   */
  takeAll(): [K, V][] {
    const { keySize, valueSize } = this.#bulk();
    const taken: [K, V][] = [];
    this.#take((keys, values, i) => {
      taken.push([this.#key.readAt(keys, i * keySize) as K, this.#value.readAt(values, i * valueSize) as V]);
    });
    return taken;
  }

  /** Deletes all entries, or where they can't be deleted, in arrays, writes zeros; returns how many. What is inserted meanwhile may stay. Throws BpfError. */
  clear(): number {
    if (isDense(this.type)) return zeroAll(this.#bulk());
    return this.#take(() => {});
  }

  /** Looks a key up with flags of the kernel's: `-errno`, or 0 and the value is in the view. */
  protected lookupWith(key: unknown, flags: number): { result: number; value: DataView } {
    this.#key.writeAt(this.#ready().keyView, 0, key);
    return { result: this.#elem.lookup(flags), value: this.#elem.valueView };
  }

  /** Updates a key with flags of the kernel's, and what `write` puts at the start of the value: 0 or `-errno`. */
  protected updateWith(key: unknown, flags: number, write: (value: DataView) => void): number {
    this.#key.writeAt(this.#ready().keyView, 0, key);
    write(this.#elem.valueView);
    return this.#elem.update(flags);
  }

  /** The error for a refused update. */
  protected updateRefused(errno: number): BpfError {
    return this.#refusedBy(BpfCmd.BPF_MAP_UPDATE_ELEM, errno);
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

  #walk<T>({ source, filled, seen }: OpenedSource, decode: Decode<T>): MapWalk<T> {
    const { name, keySize, maxEntries: most } = this;
    return new MapWalk(source, filled, decode, seen && { name, keySize, most, seen });
  }

  #take(each: Decode<void>): number {
    const { source, filled } = openSource(this.#bulk(), 'take');
    let taken = 0;
    // By key, one who inserts as fast as this takes would keep it busy for ever.
    const most = 4 * this.maxEntries + 64;
    for (let count = filled; count >= 0 && taken < most; ) {
      for (let i = 0; i < count; i++) each(source.keys, source.values, i);
      taken += count;
      try {
        count = source.fill();
      } catch (error) {
        if (taken === 0) throw error;
        break;
      }
    }
    return taken;
  }

  #bulk(): BulkMap {
    this.#many ??= {
      sys: this.parts.sys,
      kernel: this.parts.kernel,
      type: this.type,
      maxEntries: this.maxEntries,
      key: this.#key,
      value: this.#value,
      keySize: this.keySize,
      valueSize: copiedSize(this.type, this.valueSize, this.parts.kernel),
      fd: () => this.fd,
      elem: () => this.#ready(),
      refused: (cmd, errno, done) => this.#refusedBy(cmd, errno, done),
    };
    return this.#many;
  }

  #refusedBy(cmd: number, errno: number, done?: number): BpfError {
    return this.refused(cmd, errno, refusalHint(cmd, errno, this.maxEntries), done);
  }
}

/** What {@link KeyValueMap.as} changes; what is left out stays as it is. */
export interface As {
  readonly key?: ElementAs;
  readonly value?: ElementAs;
}

function defaultKey(def: MapParts['def'], size: number): ElementCodec {
  return elementCodec(def, 'key', size);
}
