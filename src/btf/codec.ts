import { closureReader, compiledReader, type Read } from './codec-reader.js';
import { shapeOf } from './codec-shape.js';
import { mayGenerate } from './codec-source.js';
import { closureWriter, compiledWriter, type Write } from './codec-writer.js';
import { typeName } from './type-name.js';
import type { BtfTypes, BtfValue, Codec, CodecOptions } from './types.js';
import type { Shape } from './value-shape.js';

const cache = new WeakMap<BtfTypes, Map<string, Codec>>();

/** The codec of a type, compiled on first use and kept with its BTF. Throws FormatError for a type that has no values (a function, `void`). */
export function codec(btf: BtfTypes, typeId: number, options: CodecOptions = {}): Codec {
  const key = `${typeId}/${options.int64 ?? 'bigint'}/${options.enums ?? 'number'}`;
  const ofBtf = cache.get(btf) ?? new Map<string, Codec>();
  cache.set(btf, ofBtf);
  const known = ofBtf.get(key);
  if (known) return known;
  const shape = shapeOf(btf, typeId, options);
  const made = new TypeCodec(typeId, typeName(btf, typeId), shape, btf.endian === 'little');
  ofBtf.set(key, made);
  return made;
}

/** Uses after which a codec's functions are compiled: that costs as much as some hundred uses without. A use of many bytes counts more. */
const WARM = 32;

class TypeCodec implements Codec {
  readonly typeId: number;
  readonly size: number;
  /** Functions of the codec's own rather than of its class: V8 then calls, or inlines, what is generated for the type. */
  readAt: Read;
  writeAt: Write;
  readonly #name: string;
  #bytes: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;

  constructor(typeId: number, name: string, shape: Shape, little: boolean) {
    this.typeId = typeId;
    this.size = shape.size;
    this.#name = name;
    this.readAt = this.#coldReader(shape, little);
    this.writeAt = this.#coldWriter(shape, little);
  }

  read(bytes: Uint8Array, offset = 0, length?: number): BtfValue {
    this.#bounds(bytes, offset, length ?? this.size);
    if (bytes !== this.#bytes) this.#look(bytes);
    return this.readAt(this.#view, this.#start + offset, length);
  }

  write(bytes: Uint8Array, value: unknown, offset = 0): void {
    this.#bounds(bytes, offset, this.size);
    if (bytes !== this.#bytes) this.#look(bytes);
    this.writeAt(this.#view, this.#start + offset, value);
  }

  #coldReader(shape: Shape, little: boolean): Read {
    const read = closureReader(shape, little);
    let uses = mayGenerate() ? 0 : Number.NEGATIVE_INFINITY;
    return (view, offset, length) => {
      if (uses > WARM) return this.readAt(view, offset, length);
      uses += 1 + shape.size / 256;
      if (uses > WARM) this.readAt = compiledReader(shape, little) ?? read;
      return read(view, offset, length);
    };
  }

  #coldWriter(shape: Shape, little: boolean): Write {
    const write = closureWriter(shape, little);
    let uses = mayGenerate() ? 0 : Number.NEGATIVE_INFINITY;
    return (view, offset, value) => {
      if (uses > WARM) return this.writeAt(view, offset, value);
      uses += 1 + shape.size / 256;
      if (uses > WARM) this.writeAt = compiledWriter(shape, little) ?? write;
      write(view, offset, value);
    };
  }

  #bounds(bytes: Uint8Array, offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > bytes.length)
      throw new RangeError(
        `${this.#name} takes ${length} bytes, but only ${bytes.length - offset} are there`,
      );
  }

  /** Keeps a view of the memory that bytes are in: a reader of a ring buffer reads one mapping a million times. */
  #look(bytes: Uint8Array): void {
    if (bytes.buffer !== this.#view.buffer) this.#view = new DataView(bytes.buffer);
    this.#bytes = bytes;
    this.#start = bytes.byteOffset;
  }
}
