import { FormatError } from '../../errors/index.js';
import { typeName } from '../type-name.js';
import type {
  BtfDatasec,
  BtfEnum,
  BtfEnum64,
  BtfMember,
  BtfSecinfo,
  BtfStruct,
  BtfType,
  BtfTypes,
  CodecOptions,
} from '../types.js';
import type { EnumShape, IntShape, MemberShape, Shape, StructShape } from './value-shape.js';

/** Deeper nesting than any C type has: a struct that contains itself. */
const MAX_DEPTH = 64;
/** An array this long can only be damage; reading it would take gigabytes. */
const MAX_ELEMENTS = 1 << 26;

/** The shape of a type's values. Throws FormatError for a type that has none, and for members that do not fit where BTF puts them. */
export function shapeOf(btf: BtfTypes, typeId: number, options: CodecOptions): Shape {
  return new Shaper(btf, options).type(typeId);
}

class Shaper {
  readonly #btf: BtfTypes;
  readonly #asNumber: boolean;
  readonly #enumNames: boolean;
  /** Each type is looked at once, however often it occurs. */
  readonly #shapes = new Map<number, Shape>();
  readonly #inline = new Map<number, StructShape>();
  /** How many values reading one makes, where it is not one. */
  readonly #counts = new Map<Shape, number>();

  constructor(btf: BtfTypes, options: CodecOptions) {
    this.#btf = btf;
    this.#asNumber = options.int64 === 'number';
    this.#enumNames = options.enums === 'name';
  }

  type(id: number): Shape {
    const made = this.#shape(id, 0);
    const count = this.#count(made);
    if (made.size > 0xffffffff) throw this.#error(id, `${made.size} bytes, 4 GiB or more`);
    // Members of a union overlap, and elements of empty types take no bytes: a few bytes could read as millions of values.
    if (count > 65536 + 64 * made.size)
      throw this.#error(id, `${count} values in ${made.size} bytes overlap without measure`);
    return made;
  }

  #count(shape: Shape): number {
    return this.#counts.get(shape) ?? 1;
  }

  #shape(id: number, depth: number): Shape {
    if (depth > MAX_DEPTH) throw this.#error(id, 'contains itself');
    const type = this.#btf.resolved(id);
    let made = this.#shapes.get(type.id);
    if (!made) {
      made = this.#make(id, type, depth);
      this.#shapes.set(type.id, made);
    }
    return made;
  }

  #make(id: number, type: BtfType, depth: number): Shape {
    switch (type.kind) {
      case 'int': {
        const { size, bits, offset, signed, bool, name } = type;
        if (size > 16 || bits === 0 || offset + bits > size * 8)
          throw this.#error(id, `${bits} bits do not fit in its ${size} bytes`);
        return this.#int(name, size, bits, offset, signed, bool);
      }
      case 'enum':
      case 'enum64':
        if (![1, 2, 4, 8].includes(type.size)) throw this.#error(id, `an enum of ${type.size} bytes`);
        return this.#enum(type, type.size * 8, 0, type.size);
      case 'float':
        if (type.size === 4 || type.size === 8) return { kind: 'float', size: type.size };
        throw new FormatError(`a float of ${type.size} bytes has no JavaScript value`, { section: '.BTF' });
      case 'ptr':
        return { ...this.#int('a pointer', 8, 64, 0, false, false), asNumber: false };
      case 'array':
        return this.#array(id, type.type, type.nelems, depth);
      case 'struct':
      case 'union':
        return this.#struct(typeName(this.#btf, type.id), type.size, this.#members(type, depth));
      case 'datasec':
        return this.#struct(
          type.name,
          type.size,
          type.vars.map(v => this.#variable(type, v, depth)),
        );
      case 'var':
        return this.#shape(type.type, depth + 1);
      default:
        throw this.#error(id, `a ${type.kind} has no values`);
    }
  }

  #int(
    name: string,
    bytes: number,
    bits: number,
    bitOffset: number,
    signed: boolean,
    bool: boolean,
  ): IntShape {
    const layout = { bytes, bits, bitOffset, signed, bool };
    return { kind: 'int', size: bytes, layout, name, asNumber: this.#asNumber };
  }

  #enum(type: BtfEnum | BtfEnum64, bits: number, bitOffset: number, bytes: number): EnumShape {
    // clang marks an enum signed by kind_flag only since enum64; a negative value tells, too.
    const signed = type.signed || type.values.some(v => v.value < 0);
    const values: readonly { readonly name: string; readonly value: number | bigint }[] = type.values;
    return {
      kind: 'enum',
      size: bytes,
      int: this.#int(type.name || 'enum', bytes, bits, bitOffset, signed, false),
      name: type.name,
      byName: new Map(values.map(v => [v.name, v.value])),
      names: this.#enumNames ? new Map(values.map(v => [Number(v.value), v.name])) : undefined,
    };
  }

  #array(id: number, element: number, count: number, depth: number): Shape {
    if (count > MAX_ELEMENTS) throw this.#error(id, `an array of ${count} elements`);
    if (isChar(this.#btf, element)) return { kind: 'chars', size: count };
    const one = this.#shape(element, depth + 1);
    const made: Shape = { kind: 'array', size: one.size * count, element: one, count };
    this.#counts.set(made, 1 + count * this.#count(one));
    return made;
  }

  #struct(name: string, size: number, members: readonly MemberShape[]): StructShape {
    const made: StructShape = { kind: 'struct', size, name, members, overlaps: overlaps(members) };
    this.#counts.set(
      made,
      members.reduce((sum, m) => sum + this.#count(m.shape), 1),
    );
    return made;
  }

  #variable({ id, size }: BtfDatasec, { type, offset }: BtfSecinfo, depth: number): MemberShape {
    const { name } = this.#btf.type(type);
    const shape = this.#shape(type, depth + 1);
    if (offset + shape.size > size) throw this.#error(id, `${name} reaches past its ${size} bytes`);
    return { name, offset, inline: false, shape };
  }

  #members(type: BtfStruct, depth: number): MemberShape[] {
    const members: MemberShape[] = [];
    for (const m of type.members) {
      const target = this.#btf.resolved(m.type);
      const isCompound = target.kind === 'struct' || target.kind === 'union';
      if (!m.name && !isCompound) continue;
      members.push(this.#member(type, m, target, depth, !m.name && isCompound));
    }
    return members;
  }

  #member(owner: BtfStruct, m: BtfMember, target: BtfType, depth: number, inline: boolean): MemberShape {
    const bits = m.bitSize || (target.kind === 'int' && target.bits !== target.size * 8 ? target.bits : 0);
    if (bits)
      return { name: m.name, offset: 0, inline: false, shape: this.#bitField(owner, m, target, bits) };
    if (m.bitOffset % 8) throw this.#error(owner.id, `${m.name} begins inside a byte`);
    const offset = m.bitOffset / 8;
    const shape = inline ? this.#inlined(target as BtfStruct, depth + 1) : this.#shape(m.type, depth + 1);
    if (offset + shape.size > owner.size)
      throw this.#error(owner.id, `${m.name || 'a member'} reaches past its ${owner.size} bytes`);
    return { name: m.name, offset, inline, shape };
  }

  #inlined(type: BtfStruct, depth: number): StructShape {
    let made = this.#inline.get(type.id);
    if (!made) {
      if (depth > MAX_DEPTH) throw this.#error(type.id, 'contains itself');
      made = this.#struct('anonymous', type.size, this.#members(type, depth));
      this.#inline.set(type.id, made);
    }
    return made;
  }

  #bitField(owner: BtfStruct, m: BtfMember, target: BtfType, bits: number): Shape {
    const extra = target.kind === 'int' && !m.bitSize ? target.offset : 0;
    const bitOffset = m.bitOffset + extra;
    if (bitOffset + bits > owner.size * 8 || bits > 128)
      throw this.#error(owner.id, `${m.name} reaches past its ${owner.size} bytes`);
    if (target.kind === 'enum' || target.kind === 'enum64')
      return this.#enum(target, bits, bitOffset, owner.size);
    if (target.kind !== 'int') throw this.#error(owner.id, `${m.name}: a bit-field of ${target.kind}`);
    return this.#int(`${target.name}:${bits}`, owner.size, bits, bitOffset, target.signed, target.bool);
  }

  #error(id: number, reason: string): FormatError {
    return new FormatError(`type ${id} (${typeName(this.#btf, id)}): ${reason}`, { section: '.BTF' });
  }
}

/** Whether two members have a byte in common: those of a union do, and bit-fields beside each other. */
function overlaps(members: readonly MemberShape[]): boolean {
  const spans = members.map(m => [m.offset, m.offset + m.shape.size] as const).sort((a, b) => a[0] - b[0]);
  return spans.some(([start], i) => i > 0 && start < (spans[i - 1] as readonly [number, number])[1]);
}

/** Whether an array of this type is a string: `char`, not `unsigned char` or `__u8`. */
export function isChar(btf: BtfTypes, id: number): boolean {
  const type = btf.resolved(id);
  return type.kind === 'int' && type.size === 1 && !type.bool && (type.char || type.name === 'char');
}
