import { BpfMap, type MapParts } from '../bpf-map.js';
import { type Element, indexKeyCodec, placeOf } from '../element-codec.js';
import { type Given, KeyValueMap } from '../key-value-map.js';
import type { LockOptions, UpdateMode, UpdateOptions } from '../update-mode.js';

/**
 * Values that the kernel keeps with objects of its own and drops with them (kernel/bpf/bpf_local_storage.c). User space names an object by a
 * descriptor of it, for the time of a call. It cannot be walked. `O` is what names an object.
 */
export abstract class LocalStorage<O, V = Element> extends BpfMap {
  readonly #values: KeyValueMap<number, V>;

  constructor(parts: MapParts) {
    super(parts);
    this.#values = new KeyValueMap(parts, { key: indexKeyCodec(parts.def, this.keySize) });
  }

  /** Calls `use` with a descriptor of the object. Throws TypeError for what names none, BpfError when it cannot be opened. */
  protected abstract withFd<T>(owner: O, what: string, use: (fd: number) => T): T;

  /** The value of an object; undefined when it has none. Throws TypeError for what names no object, BpfError. */
  get(owner: O, options?: LockOptions): V | undefined {
    return this.#with(owner, fd => this.#values.get(fd, options));
  }

  has(owner: O): boolean {
    return this.#with(owner, fd => this.#values.has(fd));
  }

  /** Gives an object a value. Throws TypeError that names the field of the wrong shape, BpfError. */
  set(owner: O, value: Given<V>, update: UpdateMode | UpdateOptions = 'any'): this {
    this.#with(owner, fd => this.#values.set(fd, value, update));
    return this;
  }

  /** Takes the value of an object away: true when it had one. */
  delete(owner: O): boolean {
    return this.#with(owner, fd => this.#values.delete(fd));
  }

  #with<T>(owner: O, use: (fd: number) => T): T {
    return this.withFd(owner, placeOf(this.parts.def, 'key'), use);
  }
}
