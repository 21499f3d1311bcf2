import { type BtfValue, type Codec, codec, isChar, typeName } from '../../btf/index.js';
import { arenaSection } from '../arena.js';
import { ObjectError } from '../object-error.js';
import type { ObjectSpec } from '../types.js';

/** The codec of a global variable's type. Throws ObjectError, listing the globals that there are, for a name that is none of them. */
export function globalCodec(spec: ObjectSpec, name: string): Codec {
  const { global, btf } = find(spec, name);
  return codec(btf, global.typeId);
}

/** The bytes of a value for a global. Throws ObjectError naming type and range when it does not fit. */
export function encodeGlobal(spec: ObjectSpec, name: string, value: unknown): Uint8Array {
  const own = globalCodec(spec, name);
  const bytes = new Uint8Array(own.size);
  try {
    own.write(bytes, value);
  } catch (error) {
    throw unfitGlobal(spec, name, error as Error);
  }
  return bytes;
}

/** The error for a value that a global's codec refused. */
export function unfitGlobal(spec: ObjectSpec, name: string, refusal: Error): ObjectError {
  return unfit(spec, name, refusal.message.replace(/^value: /, ''), refusal);
}

/**
 * A value for a global from text, as `--set NAME=TEXT` gives it: integers decimal or hexadecimal, a character `'x'`, `true`/`false`, enums by name,
 * strings for char arrays as they are, arrays and structs as JSON (where integers may be strings, too, to keep 64 bits).
 * Throws ObjectError when the name is unknown, or the text is no value of the type or out of its range.
 */
export function parseGlobalValue(spec: ObjectSpec, name: string, text: string): BtfValue {
  const { global } = find(spec, name);
  let value: BtfValue;
  try {
    value = fromText(spec, global.typeId, text);
  } catch (error) {
    throw unfit(spec, name, (error as Error).message, error);
  }
  encodeGlobal(spec, name, value);
  return value;
}

function find(spec: ObjectSpec, name: string) {
  const global = spec.globals.find(g => g.name === name);
  if (global && spec.btf) return { global, btf: spec.btf };
  throw unknownGlobal(spec, name);
}

/** The error for a name that no global has; it lists those there are. */
export function unknownGlobal(spec: ObjectSpec, name: string): ObjectError {
  const names = spec.globals.map(g => g.name).join(', ');
  return new ObjectError(
    spec.file,
    `global ${name}`,
    names ? `there is none of this name; there is ${names}` : 'the object has no global variables with BTF',
  );
}

function unfit(spec: ObjectSpec, name: string, reason: string, cause: unknown): ObjectError {
  const { global, btf } = find(spec, name);
  return new ObjectError(spec.file, `global ${name} (${typeName(btf, global.typeId)})`, reason, { cause });
}

type Btf = NonNullable<ObjectSpec['btf']>;

function fromText(spec: ObjectSpec, typeId: number, text: string): BtfValue {
  const btf = spec.btf as Btf;
  const type = btf.resolved(typeId);
  switch (type.kind) {
    case 'int':
      return type.bool ? boolean(text) : integer(text, type.size);
    case 'ptr':
      return integer(text, 8);
    case 'enum':
    case 'enum64':
      return type.values.some(v => v.name === text) ? text : enumValue(text, type);
    case 'float': {
      const value = Number(text);
      if (text.trim() === '' || Number.isNaN(value))
        throw new TypeError(`${JSON.stringify(text)} is not a number`);
      return value;
    }
    case 'array':
      if (isChar(btf, type.type)) return text;
      return fromJson(spec, typeId, json(text, 'array'));
    default:
      return fromJson(spec, typeId, json(text, 'object'));
  }
}

function boolean(text: string): boolean {
  if (!/^(true|false|1|0)$/.test(text))
    throw new TypeError(`${JSON.stringify(text)} is none of true, false, 1, 0`);
  return text === 'true' || text === '1';
}

function integer(text: string, size: number): number | bigint {
  const character = /^'(.)'$/su.exec(text)?.[1];
  if (character !== undefined) return character.codePointAt(0) as number;
  const parts = /^([+-]?)(0x[0-9a-f]+|0b[01]+|0o[0-7]+|\d+)$/i.exec(text.trim());
  if (!parts) throw new TypeError(`${JSON.stringify(text)} is not an integer`);
  const magnitude = BigInt(parts[2] as string);
  const value = parts[1] === '-' ? -magnitude : magnitude;
  return size <= 4 && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function enumValue(
  text: string,
  type: { readonly size: number; readonly values: readonly { readonly name: string }[] },
) {
  if (/^[+-]?\d/.test(text.trim())) return integer(text, type.size);
  throw new TypeError(`${JSON.stringify(text)} is none of ${type.values.map(v => v.name).join(', ')}`);
}

function json(text: string, wanted: 'array' | 'object'): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`is to be given as a JSON ${wanted}: ${(cause as Error).message}`, { cause });
  }
}

function fromJson(spec: ObjectSpec, typeId: number, value: unknown): BtfValue {
  const btf = spec.btf as Btf;
  const type = btf.resolved(typeId);
  if (typeof value === 'string') return fromText(spec, typeId, value);
  if (type.kind === 'array' && Array.isArray(value)) return value.map(v => fromJson(spec, type.type, v));
  if ((type.kind === 'struct' || type.kind === 'union') && typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, v]) => {
        const member = memberType(btf, type.id, name);
        return [name, member === undefined ? (v as BtfValue) : fromJson(spec, member, v)];
      }),
    );
  return value as BtfValue;
}

/** The type of a member, looked for in anonymous structs and unions, too. */
function memberType(btf: Btf, structId: number, name: string): number | undefined {
  const struct = btf.resolved(structId);
  if (struct.kind !== 'struct' && struct.kind !== 'union') return undefined;
  for (const member of struct.members) {
    if (member.name === name) return member.type;
    const inner = member.name === '' ? memberType(btf, member.type, name) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/**
 * The bytes to fill each data map with, and those of the arena's section, by the section's name, given globals set. A `.bss` in which nothing is set needs none: the kernel hands out zeros.
 * Throws as {@link encodeGlobal}.
 */
export function bytesWithGlobals(
  spec: ObjectSpec,
  globals: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, Uint8Array> {
  const filled = new Map<string, Uint8Array>();
  const set = new Set(spec.globals.filter(g => Object.hasOwn(globals, g.name)).map(g => g.map));
  for (const { name, internal } of spec.maps)
    if (internal && (internal.kind !== 'bss' || set.has(name))) filled.set(name, internal.bytes.slice());
  if (spec.arena) filled.set(arenaSection, spec.arena.bytes.slice());
  for (const [name, value] of Object.entries(globals)) {
    const encoded = encodeGlobal(spec, name, value);
    const { section, offset } = find(spec, name).global;
    filled.get(section)?.set(encoded, offset);
  }
  return filled;
}
