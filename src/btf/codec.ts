import { closures } from './codec-closures.js';
import { shapeOf } from './codec-shape.js';
import { typeName } from './type-name.js';
import type { BtfTypes, Codec, CodecOptions } from './types.js';
import type { ValueCodec } from './value-codec.js';

const cache = new WeakMap<BtfTypes, Map<string, Codec>>();

/** The codec of a type, compiled on first use and kept with its BTF. Throws FormatError for a type that has no values (a function, `void`). */
export function codec(btf: BtfTypes, typeId: number, options: CodecOptions = {}): Codec {
  const key = `${typeId}/${options.int64 ?? 'bigint'}/${options.enums ?? 'number'}`;
  const ofBtf = cache.get(btf) ?? new Map<string, Codec>();
  cache.set(btf, ofBtf);
  const known = ofBtf.get(key);
  if (known) return known;
  const made = new TypeCodec(
    typeId,
    typeName(btf, typeId),
    closures(shapeOf(btf, typeId, options), btf.endian === 'little'),
  );
  ofBtf.set(key, made);
  return made;
}

class TypeCodec implements Codec {
  readonly typeId: number;
  readonly size: number;
  readonly #name: string;
  readonly #value: ValueCodec;
  #buffer: ArrayBufferLike | undefined;
  #view: DataView | undefined;

  constructor(typeId: number, name: string, value: ValueCodec) {
    this.typeId = typeId;
    this.size = value.size;
    this.#name = name;
    this.#value = value;
  }

  read(bytes: Uint8Array, offset = 0): ReturnType<Codec['read']> {
    this.#bounds(bytes, offset);
    return this.#value.read(this.#viewOf(bytes), bytes.byteOffset + offset);
  }

  write(bytes: Uint8Array, value: unknown, offset = 0): void {
    this.#bounds(bytes, offset);
    bytes.fill(0, offset, offset + this.size);
    this.#value.write(this.#viewOf(bytes), bytes.byteOffset + offset, value, '');
  }

  readAt(view: DataView, offset: number): ReturnType<Codec['read']> {
    return this.#value.read(view, offset);
  }

  writeAt(view: DataView, offset: number, value: unknown): void {
    for (let i = 0; i < this.size; i++) view.setUint8(offset + i, 0);
    this.#value.write(view, offset, value, '');
  }

  #bounds(bytes: Uint8Array, offset: number): void {
    if (offset < 0 || offset + this.size > bytes.length)
      throw new RangeError(
        `${this.#name} takes ${this.size} bytes, but only ${bytes.length - offset} are there`,
      );
  }

  /** A reader of a ring buffer reads one mapping a million times: the view of it is kept. */
  #viewOf(bytes: Uint8Array): DataView {
    if (this.#view && this.#buffer === bytes.buffer) return this.#view;
    this.#buffer = bytes.buffer;
    this.#view = new DataView(bytes.buffer);
    return this.#view;
  }
}
