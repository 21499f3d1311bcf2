import { type BtfValue, type Codec, codec } from '../btf/index.js';
import type { MapDef } from './map-def.js';

/** A key or value as its user sees it: decoded by BTF, or bytes where the map has none. */
export type Element = BtfValue | Uint8Array;

/** Reads and writes keys or values of one map. */
export interface ElementCodec {
  read(bytes: Uint8Array): Element;
  /** Throws TypeError for a value of the wrong shape; `bytes` is then unspecified. */
  write(bytes: Uint8Array, value: unknown): void;
}

/** The codec of a key or value that the kernel says takes `size` bytes; a BTF type of another size is not believed. */
export function elementCodec(
  def: MapDef,
  typeId: number | undefined,
  size: number,
  what: string,
): ElementCodec {
  if (!def.btf || !typeId || def.btf.sizeOf(typeId) !== size) return bytesCodec(size, `${def.name}: ${what}`);
  const typed: Codec = codec(def.btf, typeId);
  return {
    read: bytes => typed.read(bytes),
    write(bytes, value) {
      if (value instanceof Uint8Array) copy(bytes, value, `${def.name}: ${what}`);
      else typed.write(bytes, value);
    },
  };
}

function bytesCodec(size: number, what: string): ElementCodec {
  return {
    read: bytes => bytes.slice(0, size),
    write(bytes, value) {
      if (!(value instanceof Uint8Array))
        throw new TypeError(
          `${what}: the map has no BTF for it, so it must be a Uint8Array of ${size} bytes`,
        );
      copy(bytes, value, what);
    },
  };
}

function copy(to: Uint8Array, from: Uint8Array, what: string): void {
  if (from.length !== to.length) throw new TypeError(`${what}: ${from.length} bytes, must be ${to.length}`);
  to.set(from);
}
