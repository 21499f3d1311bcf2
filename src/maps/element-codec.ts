import { type BtfValue, type Codec, codec } from '../btf/index.js';
import type { ElementType, MapDef } from './map-def.js';

/** A key or value as its user sees it: decoded by BTF, or bytes where the map has none. */
export type Element = BtfValue | Uint8Array;

/** Reads and writes keys or values of one map, `size` bytes as the kernel copies them. Offsets are within the view; that `size` bytes are there is the caller's to know. */
export interface ElementCodec {
  readonly size: number;
  readAt(view: DataView, offset: number): Element;
  /** Throws TypeError for a value of the wrong shape; the bytes are then unspecified. */
  writeAt(view: DataView, offset: number, value: unknown): void;
}

/** The codec of a map's key or value, which the kernel says takes `size` bytes; a BTF type of another size is not believed. */
export function elementCodec(def: MapDef, what: 'key' | 'value', size: number): ElementCodec {
  const given = what === 'key' ? def.keyCodec : def.valueCodec;
  const typeId = what === 'key' ? def.keyTypeId : def.valueTypeId;
  const place = `${def.name}: ${what}`;
  if (given) return given.size === size ? userCodec(given) : refuse(given, size, place);
  if (!def.btf || !typeId || def.btf.sizeOf(typeId) !== size) return bytesCodec(size, place);
  return orBytes(codec(def.btf, typeId), place);
}

/** Bytes as they are: copies when read, exactly `size` of them when written. */
export function bytesCodec(size: number, what: string): ElementCodec {
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

/** The bytes of a view from `offset` on. */
export function bytesAt(view: DataView, offset: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, size);
}

/** A typed codec that takes bytes, too. */
function orBytes(typed: Codec, what: string): ElementCodec {
  return {
    size: typed.size,
    readAt: (view, offset) => typed.readAt(view, offset),
    writeAt(view, offset, value) {
      if (value instanceof Uint8Array) copy(bytesAt(view, offset, typed.size), value, what);
      else typed.writeAt(view, offset, value);
    },
  };
}

function userCodec(given: ElementType): ElementCodec {
  const { size } = given;
  return {
    size,
    readAt: (view, offset) => given.read(bytesAt(view, offset, size), 0) as Element,
    writeAt: (view, offset, value) => given.write(bytesAt(view, offset, size), value, 0),
  };
}

function refuse(given: ElementType, size: number, what: string): never {
  throw new TypeError(`${what}: the codec is of ${given.size} bytes, the map has ${size}`);
}

function copy(to: Uint8Array, from: Uint8Array, what: string): void {
  if (from.length !== to.length) throw new TypeError(`${what}: ${from.length} bytes, must be ${to.length}`);
  to.set(from);
}
