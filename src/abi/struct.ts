import {
  type AnySchema,
  BufferReader,
  BufferWriter,
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

type Properties = Record<string, AnySchema>;

/** A kernel struct described by a typed-binary schema: layout, encoder and decoder in this machine's byte order. */
export class Struct {
  readonly name: string;
  readonly fields: readonly StructField[];
  readonly size: number;
  readonly schema: AnySchema;
  /** Other names of a field, where the kernel has a union of integers: alias → field. */
  readonly aliases: Readonly<Record<string, string>>;

  constructor(name: string, properties: Properties, aliases: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.aliases = aliases;
    this.schema = object(properties);
    this.fields = layout(properties, 0);
    this.size = extent(this.fields);
  }

  field(name: string): StructField {
    const wanted = this.aliases[name] ?? name;
    const found = this.fields.find(f => f.name === wanted);
    if (!found) throw new TypeError(`${this.name} has no field ${name}`);
    return found;
  }

  /** Bytes from the start of the struct to `name`. */
  offsetOf(name: string): number {
    return this.field(name).offset;
  }

  has(name: string): boolean {
    const wanted = this.aliases[name] ?? name;
    return this.fields.some(f => f.name === wanted && f.kind !== 'pad');
  }

  /** All `size` bytes of the struct; fields not given are zero. Throws TypeError for an unknown name or a value that does not fit. */
  encode(record: StructRecord): Uint8Array {
    const values: Record<string, FieldValue> = {};
    for (const [name, value] of Object.entries(record)) values[this.field(name).name] = value;
    const out = new Uint8Array(this.size);
    this.schema.write(new BufferWriter(out.buffer), filled(this.name, this.fields, values));
    return out;
  }

  /** Decodes the struct; bytes missing at the end (a kernel older than the struct) read as zero. */
  decode(bytes: Uint8Array): DecodedRecord {
    const whole = new Uint8Array(this.size);
    whole.set(bytes.subarray(0, this.size));
    return withoutPads(this.schema.read(new BufferReader(whole.buffer)) as DecodedRecord, this.fields);
  }
}

/** This machine's byte order, which is also that of every struct handed to the kernel. */
export const hostEndian: 'little' | 'big' = getSystemEndianness();

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

function filled(
  owner: string,
  fields: readonly StructField[],
  values: StructRecord,
): Record<string, unknown> {
  const full: Record<string, unknown> = {};
  for (const field of fields) full[field.name] = fieldValue(owner, field, values[field.name]);
  return full;
}

function fieldValue(owner: string, field: StructField, value: FieldValue | undefined): unknown {
  const wrong = (): never => {
    throw new TypeError(
      `${owner}.${field.name}: ${typeof value} ${String(value)} is not a value for ${field.kind}`,
    );
  };
  switch (field.kind) {
    case 'pad':
      return undefined;
    case 'struct':
      if (value !== undefined && (typeof value !== 'object' || value instanceof Uint8Array)) return wrong();
      return filled(`${owner}.${field.name}`, field.fields ?? [], value ?? {});
    case 'chars':
      return typeof (value ?? '') === 'string' ? (value ?? '') : wrong();
    case 'bytes':
      return (value ?? new Uint8Array(0)) instanceof Uint8Array ? (value ?? new Uint8Array(0)) : wrong();
    case 'u64':
    case 's64':
      if (value === undefined) return 0n;
      if (typeof value === 'bigint') return value;
      return Number.isSafeInteger(value) ? BigInt(value as number) : wrong();
    default: {
      const number = typeof value === 'bigint' ? Number(value) : (value ?? 0);
      const bits = field.size * 8;
      // A u32 that holds an fd is written as -1 by those who mean "none", so both signs of the width are accepted.
      if (
        !Number.isInteger(number) ||
        (number as number) < -(2 ** (bits - 1)) ||
        (number as number) >= 2 ** bits
      )
        return wrong();
      return number;
    }
  }
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
