import { BpfMapType, type DecodedRecord, enumName, type StructRecord } from '../abi/index.js';
import { Errno } from './errno.js';

const BPF_NOEXIST = 1;
const BPF_EXIST = 2;

const arrays: readonly number[] = [BpfMapType.BPF_MAP_TYPE_ARRAY, BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY];
/** Maps with indexes for keys whose elements can be missing. */
const sparseArrays: readonly number[] = [
  BpfMapType.BPF_MAP_TYPE_PROG_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
];
const buffers: readonly number[] = [BpfMapType.BPF_MAP_TYPE_RINGBUF, BpfMapType.BPF_MAP_TYPE_USER_RINGBUF];

/**
 * A map in memory: an array when its type is one, else a hash, with the errors that the kernel gives. Element calls on ring buffers are
 * refused. It has one CPU, and an lru hash does not forget.
 */
export class FakeMap {
  readonly attr: DecodedRecord;
  readonly #elements = new Map<string, Uint8Array>();
  #frozen = false;

  private constructor(attr: DecodedRecord) {
    this.attr = attr;
  }

  /** The map, or `-errno` for sizes that no map has. */
  static create(attr: DecodedRecord): FakeMap | number {
    const { map_type: type, key_size, value_size, max_entries } = attr as Record<string, number>;
    if (!type || !enumName(BpfMapType, type) || !max_entries) return -Errno.EINVAL;
    const sizeless = key_size === 0 && value_size === 0;
    if (buffers.includes(type) !== sizeless) return -Errno.EINVAL;
    if (isIndexed(type) && key_size !== 4) return -Errno.EINVAL;
    return new FakeMap(attr);
  }

  info(): StructRecord {
    const { attr } = this;
    const same = ['key_size', 'value_size', 'max_entries', 'map_flags', 'map_extra'];
    return {
      type: attr['map_type']!,
      name: attr['map_name']!,
      ...Object.fromEntries(same.map(field => [field, attr[field]!])),
    };
  }

  freeze(): number {
    if (this.#frozen) return -Errno.EPERM;
    this.#frozen = true;
    return 0;
  }

  lookup(key: Uint8Array | undefined, value: Uint8Array): number {
    if (!key || this.#isBuffer) return this.#noElement(key);
    const found =
      this.#elements.get(id(key)) ??
      (this.#isArray && this.#inRange(key) ? new Uint8Array(value.length) : undefined);
    if (!found) return -Errno.ENOENT;
    value.set(found.subarray(0, value.length));
    return 0;
  }

  lookupAndDelete(key: Uint8Array | undefined, value: Uint8Array): number {
    if (this.#frozen) return -Errno.EPERM;
    if (key && this.#isArray) return -Errno.ENOTSUPP;
    const found = this.lookup(key, value);
    return found < 0 ? found : this.delete(key);
  }

  update(key: Uint8Array | undefined, value: Uint8Array, flags: number): number {
    if (this.#frozen) return -Errno.EPERM;
    if (!key || this.#isBuffer) return this.#noElement(key);
    if (flags > BPF_EXIST) return -Errno.EINVAL;
    const present = this.#isArray || this.#elements.has(id(key));
    const outside = isIndexed(this.#type) && !this.#inRange(key);
    if (outside) return -Errno.E2BIG;
    if (present && flags === BPF_NOEXIST) return -Errno.EEXIST;
    if (!present && flags === BPF_EXIST) return -Errno.ENOENT;
    if (!present && this.#elements.size >= this.#maxEntries) return -Errno.E2BIG;
    this.#elements.set(id(key), value.slice());
    return 0;
  }

  delete(key: Uint8Array | undefined): number {
    if (this.#frozen) return -Errno.EPERM;
    if (!key || this.#isBuffer) return this.#noElement(key);
    if (this.#isArray) return -Errno.EINVAL;
    return this.#elements.delete(id(key)) ? 0 : -Errno.ENOENT;
  }

  /** The key after `key`; the first one for no key, and for one that is not there. */
  nextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    if (this.#isBuffer) return this.#noElement(key);
    if (isIndexed(this.#type)) {
      const index = key && index32(key) < this.#maxEntries ? index32(key) + 1 : 0;
      if (index >= this.#maxEntries) return -Errno.ENOENT;
      next.set(new Uint8Array(Uint32Array.of(index).buffer));
      return 0;
    }
    const keys = [...this.#elements.keys()];
    const found = keys[key ? keys.indexOf(id(key)) + 1 : 0];
    if (found === undefined) return -Errno.ENOENT;
    next.set(Uint8Array.from(found, char => char.charCodeAt(0)));
    return 0;
  }

  get #type(): number {
    return this.attr['map_type'] as number;
  }

  get #maxEntries(): number {
    return this.attr['max_entries'] as number;
  }

  get #isArray(): boolean {
    return arrays.includes(this.#type);
  }

  get #isBuffer(): boolean {
    return buffers.includes(this.#type);
  }

  /** A ring buffer has no elements, and refuses a key before that; other maps can't read a key at NULL. */
  #noElement(key: Uint8Array | undefined): number {
    if (!this.#isBuffer) return -Errno.EFAULT;
    return key ? -Errno.EINVAL : -Errno.ENOTSUPP;
  }

  #inRange(key: Uint8Array): boolean {
    return index32(key) < this.#maxEntries;
  }
}

function isIndexed(type: number): boolean {
  return arrays.includes(type) || sparseArrays.includes(type);
}

function index32(key: Uint8Array): number {
  return new Uint32Array(key.slice(0, 4).buffer)[0] ?? 0;
}

/** Keys compare by their bytes. */
function id(key: Uint8Array): string {
  return String.fromCharCode(...key);
}
