import { typeName } from '../type-name.js';
import type { BtfTypes, BtfValue, Codec, CodecOptions, StructView } from '../types.js';
import { closureReader, compiledReader, type Read } from './codec-reader.js';
import { shapeOf } from './codec-shape.js';
import { mayGenerate } from './codec-source.js';
import { viewMaker } from './codec-view.js';
import { closureWriter, compiledWriter, type Write } from './codec-writer.js';
import { elementCount, flexibleArray, withElements } from './flexible-array.js';
import type { Shape, StructShape } from './value-shape.js';

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
  readonly #name: string;
  readonly #shape: Shape;
  readonly #little: boolean;
  #read: Read;
  #write: Write;
  #bytes: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;

  constructor(typeId: number, name: string, shape: Shape, little: boolean) {
    this.typeId = typeId;
    this.size = shape.size;
    this.#name = name;
    this.#shape = shape;
    this.#little = little;
    this.#read = this.#coldReader();
    this.#write = this.#coldWriter();
    shapes.set(this, { shape, little });
  }

  /**
   * Becomes a property of the codec's own, a function that is generated for the type. V8 inlines it where it is called,
   * which it would not if there had been another function before.
   */
  get readAt(): Read {
    this.#read = this.#generated(compiledReader) ?? closureReader(this.#shape, this.#little);
    Object.defineProperty(this, 'readAt', { value: this.#read });
    return this.#read;
  }

  /** As {@link readAt}. */
  get writeAt(): Write {
    this.#write = this.#generated(compiledWriter) ?? closureWriter(this.#shape, this.#little);
    Object.defineProperty(this, 'writeAt', { value: this.#write });
    return this.#write;
  }

  /** As {@link readAt}. */
  get viewAt(): Codec['viewAt'] {
    const shape = this.#shape;
    const value = shape.kind === 'struct' ? viewMaker(shape, this.#little) : this.#coldReader();
    Object.defineProperty(this, 'viewAt', { value });
    return value as Codec['viewAt'];
  }

  read(bytes: Uint8Array, offset = 0, length?: number): BtfValue {
    this.#look(bytes, offset, length ?? this.size);
    return this.#read(this.#view, this.#start + offset, length);
  }

  view<T = StructView>(bytes: Uint8Array, offset = 0, length?: number): T {
    this.#look(bytes, offset, length ?? this.size);
    return this.viewAt<T>(this.#view, this.#start + offset, length);
  }

  write(bytes: Uint8Array, value: unknown, offset = 0): void {
    this.#look(bytes, offset, this.size);
    this.#write(this.#view, this.#start + offset, value);
  }

  encode(value: unknown): Uint8Array {
    const flexible = this.#shape.kind === 'struct' ? flexibleArray(this.#shape) : undefined;
    const count = flexible ? elementCount(flexible, value) : 0;
    const shape = count ? withElements(this.#shape as StructShape, count) : this.#shape;
    const bytes = new Uint8Array(shape.size);
    const view = new DataView(bytes.buffer);
    if (count) closureWriter(shape, this.#little)(view, 0, value);
    else this.#write(view, 0, value);
    return bytes;
  }

  #coldReader(): Read {
    // Most codecs of an object are never used.
    let read: Read | undefined;
    let uses = 0;
    return (view, offset, length) => {
      uses += 1 + this.size / 256;
      read ??= closureReader(this.#shape, this.#little);
      return (uses > WARM ? this.readAt : read)(view, offset, length);
    };
  }

  #coldWriter(): Write {
    let write: Write | undefined;
    let uses = 0;
    return (view, offset, value) => {
      uses += 1 + this.size / 256;
      write ??= closureWriter(this.#shape, this.#little);
      (uses > WARM ? this.writeAt : write)(view, offset, value);
    };
  }

  #generated<T>(compile: (shape: Shape, little: boolean) => T): T | undefined {
    return mayGenerate() ? compile(this.#shape, this.#little) : undefined;
  }

  /** Checks that the bytes are there, and keeps a view of the memory that they are in: a reader of a ring buffer reads one mapping a million times. */
  #look(bytes: Uint8Array, offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > bytes.length)
      throw new RangeError(
        `${this.#name} takes ${length} bytes, but only ${bytes.length - offset} are there`,
      );
    if (bytes === this.#bytes) return;
    if (bytes.buffer !== this.#view.buffer) this.#view = new DataView(bytes.buffer);
    this.#bytes = bytes;
    this.#start = bytes.byteOffset;
  }
}

const shapes = new WeakMap<object, ShapeOfCodec>();

interface ShapeOfCodec {
  readonly shape: Shape;
  readonly little: boolean;
}

/** The shape of a codec that {@link codec} made; undefined for any other. */
export function shapeOfCodec(codec: object): ShapeOfCodec | undefined {
  return shapes.get(codec);
}
