import {
  type AnySchema,
  BufferReader,
  getSystemEndianness,
  Int32Schema,
  ObjectSchema,
  object,
  Uint8Schema,
  Uint16Schema,
  Uint32Schema,
} from 'typed-binary';
import { BytesSchema, CharsSchema, Int64Schema, PadSchema } from './schema.js';

export type FieldKind = 'u8' | 'u16' | 'u32' | 's32' | 'u64' | 's64' | 'chars' | 'bytes' | 'pad' | 'struct';

/** One field of a kernel struct. `offset` (from the start of the outermost struct) and `size` are bytes. */
export interface StructField {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly kind: FieldKind;
  /** The fields of a nested struct. */
  readonly fields?: readonly StructField[];
}

/** What a field takes when encoding: a string for `chars`, bytes for `bytes`, either number type for an integer, an object for a struct. */
export type FieldValue = number | bigint | string | Uint8Array | { readonly [name: string]: FieldValue };
/** What a field decodes to: 64-bit integers are bigints. */
export type DecodedField = number | bigint | string | Uint8Array | { [name: string]: DecodedField };
export type StructRecord = { readonly [name: string]: FieldValue };
export type DecodedRecord = { [name: string]: DecodedField };

/** A schema of typed-binary. Its own type stays out of what users' compilers read: it needs a `lib` that has Float16Array. */
export interface FieldSchema {
  measure(value: never): { readonly size: number };
}

/** A kernel struct described by a typed-binary schema: layout, encoder and decoder in this machine's byte order. */
export class Struct {
  readonly name: string;
  readonly fields: readonly StructField[];
  readonly size: number;
  /** Other names of a field, where the kernel has a union of integers: alias → field. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly #schema: AnySchema;
  readonly #byName: Fields;

  constructor(
    name: string,
    given: Readonly<Record<string, FieldSchema>>,
    aliases: Readonly<Record<string, string>> = {},
  ) {
    const properties = given as Properties;
    this.name = name;
    this.aliases = aliases;
    this.#schema = object(properties);
    this.fields = layout(properties, 0);
    this.size = extent(this.fields);
    this.#byName = fieldsByName(this.fields, aliases);
  }

  field(name: string): StructField {
    const found = this.#byName.get(name);
    if (!found) throw new TypeError(`${this.name} has no field ${name}`);
    return found;
  }

  /** The field of a name or alias; undefined when there is none. */
  find(name: string): StructField | undefined {
    return this.#byName.get(name);
  }

  /** Bytes from the start of the struct to `name`. */
  offsetOf(name: string): number {
    return this.field(name).offset;
  }

  has(name: string): boolean {
    const found = this.#byName.get(name);
    return found !== undefined && found.kind !== 'pad';
  }

  /**
   * All `size` bytes of the struct; fields not given are zero. Strings and bytes in 64-bit fields are written as the address that `point` gives for
   * them. Throws TypeError for an unknown name or a value that does not fit.
   */
  encode(record: StructRecord, point?: Point): Uint8Array {
    const bytes = new Uint8Array(this.size);
    const out = { bytes, view: new DataView(bytes.buffer), point };
    encodeFields(this.name, this.#byName, record, out);
    return bytes;
  }

  /** Decodes the struct; bytes missing at the end (a kernel older than the struct) read as zero. */
  decode(bytes: Uint8Array): DecodedRecord {
    const whole = new Uint8Array(this.size);
    whole.set(bytes.subarray(0, this.size));
    return withoutPads(this.#schema.read(new BufferReader(whole.buffer)) as DecodedRecord, this.fields);
  }
}

/** This machine's byte order, which is also that of every struct handed to the kernel. */
export const hostEndian: 'little' | 'big' = getSystemEndianness();

type Properties = Readonly<Record<string, AnySchema>>;

function kindOf(schema: AnySchema): FieldKind {
  if (schema instanceof Uint32Schema) return 'u32';
  if (schema instanceof Int64Schema) return schema.signed ? 's64' : 'u64';
  if (schema instanceof Int32Schema) return 's32';
  if (schema instanceof Uint16Schema) return 'u16';
  if (schema instanceof Uint8Schema) return 'u8';
  if (schema instanceof CharsSchema) return 'chars';
  if (schema instanceof BytesSchema) return 'bytes';
  if (schema instanceof PadSchema) return 'pad';
  if (schema instanceof ObjectSchema) return 'struct';
  throw new TypeError(`no field kind for ${schema.constructor.name}`);
}

function layout(properties: Properties, start: number): StructField[] {
  const fields: StructField[] = [];
  let offset = start;
  for (const [name, schema] of Object.entries(properties)) {
    const kind = kindOf(schema);
    if (schema instanceof ObjectSchema) {
      const inner = layout(schema.properties, offset);
      fields.push({ name, offset, size: extent(inner) - offset, kind, fields: inner });
    } else fields.push({ name, offset, size: schema.measure(undefined).size, kind });
    offset = extent(fields);
  }
  return fields;
}

function extent(fields: readonly StructField[]): number {
  const last = fields.at(-1);
  return last ? last.offset + last.size : 0;
}

type Fields = ReadonlyMap<string, StructField>;

/** Where the bytes of a string or array are, for a field that points to them. */
export type Point = (memory: string | Uint8Array) => bigint;

interface Out {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly point: Point | undefined;
}

const nested = new WeakMap<readonly StructField[], Fields>();

function fieldsByName(
  fields: readonly StructField[],
  aliases: Readonly<Record<string, string>> = {},
): Fields {
  const byName = new Map(fields.map(field => [field.name, field]));
  for (const [alias, name] of Object.entries(aliases)) {
    const field = byName.get(name);
    if (field) byName.set(alias, field);
  }
  return byName;
}

/**
 * Writes the fields that are given; all others are zero already. Each load of an object encodes dozens of structs with a few of their fields set, for which
 * writing all fields by the schema takes ten times as long.
 */
function encodeFields(owner: string, fields: Fields, record: StructRecord, out: Out): void {
  for (const name in record) {
    const field = fields.get(name);
    if (!field) throw new TypeError(`${owner} has no field ${name}`);
    const value = record[name];
    if (value !== undefined) encodeField(owner, field, value, out);
  }
}

const little = hostEndian === 'little';
const encoder = new TextEncoder();

function encodeField(owner: string, field: StructField, value: FieldValue, out: Out): void {
  const { kind, offset, size } = field;
  switch (kind) {
    case 'pad':
      return;
    case 'struct': {
      if (typeof value !== 'object' || value instanceof Uint8Array) throw misfit(owner, field, value);
      const inner = field.fields ?? [];
      let byName = nested.get(inner);
      if (!byName) {
        byName = fieldsByName(inner);
        nested.set(inner, byName);
      }
      encodeFields(`${owner}.${field.name}`, byName, value, out);
      return;
    }
    case 'chars':
      if (typeof value !== 'string') throw misfit(owner, field, value);
      // The last byte stays for the NUL.
      encoder.encodeInto(value, out.bytes.subarray(offset, offset + size - 1));
      return;
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw misfit(owner, field, value);
      out.bytes.set(value.subarray(0, size), offset);
      return;
    case 'u64':
    case 's64':
      encodeWide(owner, field, value, out);
      return;
    default: {
      const number = typeof value === 'bigint' ? Number(value) : value;
      const bits = size * 8;
      // A u32 that holds an fd is written as -1 by those who mean "none", so both signs of the width are accepted.
      if (
        typeof number !== 'number' ||
        !Number.isInteger(number) ||
        number < -(2 ** (bits - 1)) ||
        number >= 2 ** bits
      )
        throw misfit(owner, field, value);
      if (size === 4) out.view.setInt32(offset, number, little);
      else if (size === 2) out.view.setInt16(offset, number, little);
      else out.view.setInt8(offset, number);
    }
  }
}

function encodeWide(owner: string, field: StructField, value: FieldValue, { view, point }: Out): void {
  const { offset } = field;
  if (typeof value === 'bigint') view.setBigUint64(offset, value, little);
  else if (typeof value === 'number' && Number.isSafeInteger(value))
    view.setBigUint64(offset, BigInt(value), little);
  else if (point && (typeof value === 'string' || value instanceof Uint8Array))
    view.setBigUint64(offset, point(value), little);
  else throw misfit(owner, field, value);
}

function misfit(owner: string, { name, kind }: StructField, value: FieldValue): TypeError {
  return new TypeError(`${owner}.${name}: ${typeof value} ${String(value)} is not a value for ${kind}`);
}

function withoutPads(record: DecodedRecord, fields: readonly StructField[]): DecodedRecord {
  const kept: DecodedRecord = {};
  for (const field of fields) {
    const value = record[field.name];
    if (field.kind === 'pad' || value === undefined) continue;
    kept[field.name] = field.fields ? withoutPads(value as DecodedRecord, field.fields) : value;
  }
  return kept;
}
