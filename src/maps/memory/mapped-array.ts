import { BpfFlags, BpfMapType } from '../../abi/index.js';
import { BpfError, Errno, MAP_SHARED, type Mapping, PROT_READ, PROT_WRITE } from '../../syscall/index.js';
import type { BpfMap, MapParts } from '../bpf-map.js';
import { bytesAt, type Element, type ElementCodec, elementCodec } from '../element-codec.js';
import { type LiveStruct, liveStruct, type ViewMemory } from './live-struct.js';
import { type ScalarArray, scalarArray } from './scalar-array.js';
import { storeBytes } from './store-bytes.js';

/**
 * The values of an array map in this process's own memory (BPF_F_MMAPABLE, Linux 5.5; kernel/bpf/arraymap.c, array_map_mmap): the bytes that the programs see,
 * read and written without a system call. A write is one or more plain stores, no atomic operation.
 *
 * It is its map's: closing the map ends it. What was taken of it then reads zeros.
 */
export class MappedArray {
  readonly #map: BpfMap;
  readonly #parts: MapParts;
  readonly #mapping: Mapping;
  readonly #value: ElementCodec;
  /** Values, as many as the map has entries. */
  readonly length: number;
  /** Bytes from one value to the next: the value size, rounded up to 8. */
  readonly stride: number;
  /** True when the kernel lets nobody write there: the map is frozen, or its programs may only read it. */
  readonly readonly: boolean;
  readonly #view: DataView;
  readonly #memory: ViewMemory;
  #closed = false;

  private constructor(map: BpfMap, parts: MapParts, mapping: Mapping, readonly: boolean) {
    this.#map = map;
    this.#parts = parts;
    this.#mapping = mapping;
    this.#value = elementCodec(parts.def, 'value', map.valueSize);
    this.length = map.maxEntries;
    this.stride = strideOf(map);
    this.readonly = readonly;
    const view = new DataView(mapping.buffer);
    this.#view = view;
    const open = () => {
      this.#open();
      return view;
    };
    this.#memory = {
      get view() {
        return open();
      },
      read: (codec, offset) => codec.readAt(open(), offset),
      bytes: (offset, size) => bytesAt(open(), offset, size).slice(),
      write: (offset, bytes) => storeBytes(open(), offset, bytes),
    };
  }

  /** Maps an array. Throws TypeError when it was not created with BPF_F_MMAPABLE, BpfError when the kernel refuses. */
  static of(map: BpfMap, parts: MapParts): MappedArray {
    if (map.type !== BpfMapType.BPF_MAP_TYPE_ARRAY || (map.flags & BpfFlags.BPF_F_MMAPABLE) === 0)
      throw new TypeError(`map ${map.name} cannot be mapped: create it with BPF_F_MMAPABLE (Linux 5.5)`);
    const length = strideOf(map) * map.maxEntries;
    let readonly = false;
    let mapping = parts.sys.mmap(map.fd, length, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    if (mapping === -Errno.EPERM || mapping === -Errno.EACCES) {
      readonly = true;
      mapping = parts.sys.mmap(map.fd, length, PROT_READ, MAP_SHARED, 0);
    }
    if (typeof mapping === 'number')
      throw new BpfError({
        syscall: 'mmap',
        errno: -mapping,
        what: `map ${map.name}, ${length} bytes`,
        ...hintOf(length, readonly),
      });
    return new MappedArray(map, parts, mapping, readonly);
  }

  /** The value at an index. Throws RangeError for an index that the array does not have, TypeError after close(). */
  get(index: number): Element {
    return this.#value.readAt(this.#view, this.#offset(index));
  }

  /** Writes the value at an index. Throws as {@link get}, and TypeError for a value of the wrong shape and where memory is read-only. */
  set(index: number, value: unknown): this {
    const offset = this.#offset(index);
    this.#writable();
    // Written aside first: a value that is refused half way must leave no trace.
    const bytes = new Uint8Array(this.#value.size);
    this.#value.writeAt(new DataView(bytes.buffer), 0, value);
    storeBytes(this.#view, offset, bytes);
    return this;
  }

  /**
   * A typed array over the value at an index, or without one over those of the whole map, where values are scalars or arrays of scalars; bytes where
   * the map has no BTF. Nothing is copied. Throws TypeError for other values, for a whole map whose values have gaps between them (their size is no
   * multiple of 8), and for read-only memory, where a store through a typed array would end the process.
   */
  array(index?: number): ScalarArray {
    const { valueSize, name } = this.#map;
    const offset = this.#offset(index ?? 0);
    this.#writable();
    if (index === undefined && valueSize !== this.stride)
      throw new TypeError(
        `map ${name}: its values are ${this.stride} bytes apart and have ${valueSize}: take array(index)`,
      );
    const size = index === undefined ? this.length * valueSize : valueSize;
    return scalarArray(this.#parts.def.btf, this.#typeId, this.#view, offset, size, `map ${name}`);
  }

  /**
   * The struct or union at an index where it is: its members are read when touched and written when set, each by itself. Throws as {@link get}, TypeError for values
   * that are neither and for read-only memory.
   */
  view(index: number): LiveStruct {
    const { btf } = this.#parts.def;
    const typeId = this.#typeId;
    const offset = this.#offset(index);
    this.#writable();
    if (!btf || !typeId) throw new TypeError(`map ${this.#map.name} has no BTF type for its values`);
    return liveStruct(btf, typeId, this.#memory, offset);
  }

  /** All of the memory, value after value. Throws TypeError where it is read-only, because a store there would end the process. */
  get data(): DataView {
    this.#offset(0);
    this.#writable();
    return this.#view;
  }

  /** Closing twice does nothing. */
  close(): void {
    this.#closed = true;
    this.#mapping.close();
  }

  /** The BTF type of the values; one of another size is not believed. */
  get #typeId(): number | undefined {
    const { btf, valueTypeId } = this.#parts.def;
    return btf && valueTypeId && btf.sizeOf(valueTypeId) === this.#map.valueSize ? valueTypeId : undefined;
  }

  #offset(index: number): number {
    this.#open();
    if (!Number.isInteger(index) || index < 0 || index >= this.length)
      throw new RangeError(`map ${this.#map.name} has no index ${index}: it has 0 to ${this.length - 1}`);
    return index * this.stride;
  }

  #open(): void {
    if (this.#closed) throw new TypeError(`map ${this.#map.name} is closed`);
  }

  #writable(): void {
    if (this.readonly)
      throw new TypeError(
        `map ${this.#map.name} is read-only: it is frozen, or its programs may only read it; use get()`,
      );
  }
}

/** The file of an fd opened for reading only is not one that a shared mapping stays shared of (mm/mmap.c, do_mmap), and bpf_map_mmap refuses any other. */
function hintOf(length: number, readonly: boolean): { readonly hint?: string } {
  if (length > 2 ** 32) return { hint: 'more than 4 GiB cannot be viewed' };
  return readonly ? { hint: 'maps that were opened for reading only cannot be mapped' } : {};
}

function strideOf({ valueSize }: BpfMap): number {
  return Math.ceil(valueSize / 8) * 8;
}
