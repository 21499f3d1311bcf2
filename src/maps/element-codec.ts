import { hostEndian } from '../abi/index.js';
import { type BtfValue, type Codec, codec } from '../btf/index.js';
import type { ElementType, MapDef } from './map-def.js';

/** A key or value as its user sees it: decoded by BTF, or bytes where the map has none. */
export type Element = BtfValue | Uint8Array;

/** Reads and writes keys or values of one map, `size` bytes as the kernel copies them. Offsets are within the view; that `size` bytes are there is the caller's to know. */
export interface ElementCodec<T = Element> {
  readonly size: number;
  readAt(view: DataView, offset: number): T;
  /** Throws TypeError that names the map and the field for a value of the wrong shape; the bytes are then unspecified. */
  writeAt(view: DataView, offset: number, value: unknown): void;
}

/** The codec of a map's key or value, which the kernel says takes `size` bytes; a BTF type of another size is not believed. */
export function elementCodec(def: MapDef, what: 'key' | 'value', size: number): ElementCodec {
  return givenCodec(def, what, size) ?? bytesCodec(size, placeOf(def, what));
}

/** The codec of a key that is an index: a number where BTF does not tell more. */
export function indexKeyCodec(def: MapDef, size: number): ElementCodec {
  return givenCodec(def, 'key', size) ?? (size === 4 ? indexCodec(def) : elementCodec(def, 'key', size));
}

/** What the user gave, else what BTF tells. */
function givenCodec(def: MapDef, what: 'key' | 'value', size: number): ElementCodec | undefined {
  const given = what === 'key' ? def.keyCodec : def.valueCodec;
  const typeId = what === 'key' ? def.keyTypeId : def.valueTypeId;
  const place = placeOf(def, what);
  if (given) return given.size === size ? userCodec(given) : refuse(given, size, place);
  if (!def.btf || !typeId || def.btf.sizeOf(typeId) !== size) return undefined;
  return orBytes(codec(def.btf, typeId), place);
}

/** How errors name a key or value of a map. */
export function placeOf(def: MapDef, what: 'key' | 'value'): string {
  return `map ${def.name}: ${what}`;
}

/** Bytes as they are: copies when read, exactly `size` of them when written. */
export function bytesCodec(size: number, what: string): ElementCodec<Uint8Array> {
  return {
    size,
    readAt: (view, offset) => bytesAt(view, offset, size).slice(),
    writeAt(view, offset, value) {
      if (!(value instanceof Uint8Array))
        throw new TypeError(
          `${what}: the map has no BTF for it, so it must be a Uint8Array of ${size} bytes`,
        );
      copy(bytesAt(view, offset, size), value, what);
    },
  };
}

/** Bytes for those who ask for them, whatever BTF tells. */
export function bytesType(size: number, what: string): ElementType {
  return {
    size,
    read: (bytes, offset = 0) => bytes.slice(offset, offset + size),
    write(bytes, value, offset = 0) {
      if (!(value instanceof Uint8Array))
        throw new TypeError(`${what}: it is read and written as bytes, so it must be a Uint8Array`);
      copy(bytes.subarray(offset, offset + size), value, what);
    },
  };
}

/** The bytes of a view from `offset` on. */
export function bytesAt(view: DataView, offset: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, size);
}

const hostIsLittle = hostEndian === 'little';

/** A u32 in the machine's byte order. */
function indexCodec(def: MapDef): ElementCodec<number> {
  const place = placeOf(def, 'key');
  return {
    size: 4,
    readAt: (view, offset) => view.getUint32(offset, hostIsLittle),
    writeAt(view, offset, value) {
      if (value instanceof Uint8Array) return copy(bytesAt(view, offset, 4), value, place);
      const index = typeof value === 'bigint' ? Number(value) : value;
      if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index > 0xffffffff)
        throw new TypeError(`${place}: ${String(value)} is not an index, a u32`);
      view.setUint32(offset, index, hostIsLittle);
    },
  };
}

/** A typed codec that takes bytes, too, and names the map in its errors. */
function orBytes(typed: Codec, what: string): ElementCodec<BtfValue> {
  return {
    size: typed.size,
    readAt: (view, offset) => typed.readAt(view, offset),
    writeAt(view, offset, value) {
      if (value instanceof Uint8Array) return copy(bytesAt(view, offset, typed.size), value, what);
      try {
        typed.writeAt(view, offset, value);
      } catch (error) {
        throw error instanceof TypeError ? named(error, value, what) : error;
      }
    },
  };
}

/** The codec's error, which begins with the path of a member (`pid: …`, `[1]: …`), or `value: …` for all of it. */
function named(error: TypeError, value: unknown, what: string): TypeError {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const { message } = error;
  const path = isObject ? `.${message}` : message.startsWith('[') ? message : message.replace(/^value/, '');
  return new TypeError(`${what}${path}`, { cause: error });
}

function userCodec(given: ElementType): ElementCodec {
  const { size } = given;
  if (readsViews(given)) return given;
  return {
    size,
    readAt: (view, offset) => given.read(bytesAt(view, offset, size), 0) as Element,
    writeAt: (view, offset, value) => given.write(bytesAt(view, offset, size), value, 0),
  };
}

/** Whether it is as one that `codec` gives, and needs no bytes of its own for each element. */
function readsViews(given: ElementType): given is ElementType & ElementCodec {
  return 'readAt' in given && 'writeAt' in given;
}

function refuse(given: ElementType, size: number, what: string): never {
  throw new TypeError(`${what}: the codec is of ${given.size} bytes, the map has ${size}`);
}

function copy(to: Uint8Array, from: Uint8Array, what: string): void {
  if (from.length !== to.length) throw new TypeError(`${what}: ${from.length} bytes, must be ${to.length}`);
  to.set(from);
}
