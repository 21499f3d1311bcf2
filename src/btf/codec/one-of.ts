import type { BtfValue, Codec, RecordReader } from '../types.js';
import { shapeOfCodec } from './codec.js';
import { closureReader, compiledReader, type Read, zeroFilled } from './codec-reader.js';
import { mayGenerate } from './codec-source.js';
import { fieldOf, isAlike, placeOf, type TagField, tagValue } from './tag-field.js';

/** Records of several types, told apart by a field that is at the same place in all. */
export interface OneOfOptions<T = Uint8Array> {
  /** The field: an integer or an enum; `header.type` is one in a struct at the same place in all. */
  readonly by: string;
  /** Codecs by the field's value, or by its name where the field is an enum. */
  readonly types: Readonly<Record<string | number, Codec>>;
  /** Reads records whose field has none of the values. Without it they read as bytes: a copy. */
  readonly otherwise?: RecordReader<T>;
}

/**
 * Reads each record by the codec that its field tells, and adds nothing to it. `T` only says what that gives to the compiler. Throws TypeError if
 * there are no types, one has no such field, or has it elsewhere or in another size, or a name is none of the enum's.
 */
export function oneOf<T = BtfValue | Uint8Array>(options: OneOfOptions<unknown>): RecordReader<T> {
  const { by, types, otherwise } = options;
  const codecs = new Map<number | bigint, Codec>();
  let first: { readonly name: string; readonly field: TagField } | undefined;
  for (const [name, codec] of Object.entries(types)) {
    const shaped = shapeOfCodec(codec);
    if (!shaped) throw new TypeError(`${name}: not a codec of a BTF type, so that its ${by} can't be found`);
    const field = fieldOf(shaped.shape, shaped.little, by, name);
    first ??= { name, field };
    if (!isAlike(field, first.field))
      throw new TypeError(
        `${by} is ${placeOf(field)} for ${name}, but ${placeOf(first.field)} for ${first.name}`,
      );
    const value = tagValue(name, field, by);
    if (codecs.has(value)) throw new TypeError(`${name}: there is another type for ${by} ${value}`);
    codecs.set(value, codec);
  }
  if (!first) throw new TypeError(`types by ${by}: there are none`);
  return new OneOf(first.field, codecs, otherwise) as RecordReader<unknown> as RecordReader<T>;
}

class OneOf implements RecordReader<unknown> {
  readonly size: number;
  readonly #offset: number;
  readonly #tag: Read;
  readonly #codecs: ReadonlyMap<unknown, RecordReader<unknown>>;
  readonly #otherwise: RecordReader<unknown> | undefined;

  constructor(
    field: TagField,
    codecs: ReadonlyMap<unknown, Codec>,
    otherwise: RecordReader<unknown> | undefined,
  ) {
    const { offset, shape, little } = field;
    this.size = offset + shape.size;
    this.#offset = offset;
    this.#tag = (mayGenerate() ? compiledReader(shape, little) : undefined) ?? closureReader(shape, little);
    this.#codecs = codecs;
    this.#otherwise = otherwise;
  }

  read(bytes: Uint8Array, offset = 0, length?: number): unknown {
    const least = length ?? this.size;
    if (offset < 0 || least < 0 || offset + least > bytes.length)
      throw new RangeError(`a record takes ${least} bytes, but only ${bytes.length - offset} are there`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const reader = this.#readerAt(view, offset, length);
    if (!reader) return bytes.slice(offset, length === undefined ? undefined : offset + length);
    return reader.read(bytes, offset, length);
  }

  readAt(view: DataView, offset: number, length?: number): unknown {
    const reader = this.#readerAt(view, offset, length);
    if (reader) return reader.readAt(view, offset, length);
    const size = length ?? view.byteLength - offset;
    return new Uint8Array(view.buffer, view.byteOffset + offset, size).slice();
  }

  #readerAt(view: DataView, offset: number, length?: number): RecordReader<unknown> | undefined {
    if (length !== undefined && length < this.size) {
      view = zeroFilled(view, offset, length, this.size);
      offset = 0;
    }
    return this.#codecs.get(this.#tag(view, offset + this.#offset)) ?? this.#otherwise;
  }
}
