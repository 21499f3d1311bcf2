import type { BtfMember, BtfStruct, BtfTypes } from '../../src/btf/index.js';

/** One property of a typed-binary schema: the text that makes it, and where it lies. */
export interface FlatField {
  readonly name: string;
  readonly schema: string;
  readonly offset: number;
  readonly size: number;
}

/** A struct flattened into the properties of one typed-binary schema, in order, holes included. Offsets and sizes are bytes. */
export interface Flat {
  readonly fields: FlatField[];
  /** Other names of a field. */
  readonly aliases: Record<string, string>;
  /** Bit-fields by name: [bit offset within their word, width]. */
  readonly bits: Record<string, [number, number]>;
  end: number;
}

const empty = (): Flat => ({ fields: [], aliases: {}, bits: {}, end: 0 });

/**
 * Flattens a struct. A union of integers becomes its first member, the others aliases; anonymous structs are inlined;
 * a run of bit-fields becomes one integer named `<first>_bits`. `start` is where the struct begins, in bytes, and
 * the members of `skip` are left out (they become variants).
 */
export function flatten(
  btf: BtfTypes,
  type: BtfStruct,
  start = 0,
  into: Flat = empty(),
  skip: ReadonlySet<BtfMember> = new Set(),
): Flat {
  for (let i = 0; i < type.members.length; i++) {
    const member = type.members[i]!;
    if (skip.has(member)) continue;
    if (member.bitSize > 0) {
      i = bitFields(btf, type, i, start, into);
      continue;
    }
    const offset = start + member.bitOffset / 8;
    const target = btf.resolved(member.type);
    if (!member.name && target.kind === 'struct') flatten(btf, target, offset, into);
    else if (!member.name && target.kind === 'union') firstOf(btf, target, offset, into);
    else property(btf, member.name, member.type, offset, into);
  }
  return into;
}

/** Brings a flattened struct up to `size` bytes. */
export function padTo(flat: Flat, offset: number): void {
  if (offset > flat.end) add(flat, `_pad${flat.end}`, `pad(${offset - flat.end})`, offset - flat.end);
}

function add(flat: Flat, name: string, schema: string, size: number): void {
  flat.fields.push({ name, schema, offset: flat.end, size });
  flat.end += size;
}

function firstOf(btf: BtfTypes, union: BtfStruct, offset: number, into: Flat): void {
  const [first, ...others] = union.members;
  if (!first) return;
  if (first.name) property(btf, first.name, first.type, offset, into);
  else flatten(btf, btf.resolved(first.type) as BtfStruct, offset, into);
  const target = btf.resolved(first.type);
  const isBits = !first.name && target.kind === 'struct';
  for (const other of others) if (other.name && first.name && !isBits) into.aliases[other.name] = first.name;
  padTo(into, offset + union.size);
}

function bitFields(btf: BtfTypes, type: BtfStruct, first: number, start: number, into: Flat): number {
  const head = type.members[first]!;
  const word = btf.sizeOf(head.type) * 8;
  const begin = Math.floor(head.bitOffset / word) * word;
  let i = first;
  for (; i < type.members.length; i++) {
    const m = type.members[i]!;
    if (m.bitSize === 0 || m.bitOffset >= begin + word) break;
    if (m.name && !m.name.startsWith('__')) into.bits[m.name] = [m.bitOffset - begin, m.bitSize];
  }
  padTo(into, start + begin / 8);
  add(into, `${head.name}_bits`, `u${word}`, word / 8);
  return i - 1;
}

function property(btf: BtfTypes, name: string, typeId: number, offset: number, into: Flat): void {
  padTo(into, offset);
  add(into, name, schemaOf(btf, typeId, offset), btf.sizeOf(typeId));
}

function schemaOf(btf: BtfTypes, typeId: number, offset: number): string {
  const type = btf.resolved(typeId);
  switch (type.kind) {
    case 'ptr':
      return 'u64';
    case 'int':
      return integer(type.size, type.signed);
    case 'enum':
      return integer(type.size, false);
    case 'array': {
      // `__u8` resolves to `unsigned char`; only a plain `char` array holds a string.
      const isChar = btf.resolved(type.type).name === 'char';
      return `${isChar ? 'chars' : 'bytes'}(${btf.sizeOf(typeId)})`;
    }
    case 'struct': {
      const inner = flatten(btf, type, 0);
      padTo(inner, type.size);
      return `object({ ${inner.fields.map(f => `${f.name}: ${f.schema}`).join(', ')} })`;
    }
    case 'union':
      return `bytes(${type.size})`;
    default:
      throw new Error(`offset ${offset}: no schema for a ${type.kind}`);
  }
}

function integer(size: number, signed: boolean): string {
  if (size === 8) return signed ? 's64' : 'u64';
  if (size === 4) return signed ? 'i32' : 'u32';
  if (size === 2) return 'u16';
  if (size === 1) return 'u8';
  throw new Error(`an integer of ${size} bytes`);
}
