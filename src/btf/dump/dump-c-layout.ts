import { FormatError } from '../../errors/index.js';
import type { BtfMember, BtfStruct, BtfTypes } from '../types.js';

/** Size and alignment in bytes, as a compiler for BPF or x86-64 has them. */
export interface Measure {
  readonly size: number;
  readonly align: number;
  /** The bits that an int uses, where that is not all of it. */
  readonly part?: { readonly offset: number; readonly bits: number };
}

/** How a struct or union is written so that its members land where BTF says. */
export interface Layout {
  readonly align: number;
  readonly packed: boolean;
  /** Alignment to ask for by attribute, when the members do not account for the size of a union. */
  readonly aligned?: number;
  readonly fields: readonly Field[];
  /** Bits at the end, of a union from its start, that have to be filled. */
  readonly tail: Hole | undefined;
}

/** A member with where it is. */
export interface Field {
  readonly member: BtfMember;
  /** Its number among the members. */
  readonly index: number;
  /** Width of a bit-field, else 0. */
  readonly bits: number;
  /** Unused bits before it that the compiler would not leave by itself. */
  readonly hole: Hole | undefined;
}

/** Unused bits `from` … `to`, counted from the start of the struct. */
export interface Hole {
  readonly from: number;
  readonly to: number;
}

/** gcc and clang take no larger alignment. */
const MAX_ALIGN = 2 ** 28;

interface Placed {
  readonly member: BtfMember;
  readonly index: number;
  readonly offset: number;
  /** Width, of a bit-field or all of it. */
  readonly width: number;
  readonly bits: number;
  readonly measure: Measure;
}

/** Whether a member's own members are reached through the outer struct: it has no name, and is a struct or union, perhaps one with a tag (-fms-extensions). */
export function isInlined(btf: BtfTypes, { name, type }: BtfMember): boolean {
  if (name !== '') return false;
  const { kind } = btf.resolved(type);
  return kind === 'struct' || kind === 'union';
}

/** Computes layouts. Those of types held by value by name are known by the time they are asked for, so recursion is as deep as anonymous types nest. */
export class Layouts {
  readonly #btf: BtfTypes;
  readonly #pointerSize: number;
  readonly #layouts = new Map<number, Layout>();

  constructor(btf: BtfTypes) {
    this.#btf = btf;
    this.#pointerSize = pointerSize(btf);
  }

  of(type: BtfStruct): Layout {
    let layout = this.#layouts.get(type.id);
    if (!layout) {
      layout = type.kind === 'struct' ? this.#struct(type) : this.#union(type);
      this.#layouts.set(type.id, layout);
    }
    return layout;
  }

  measure(id: number): Measure {
    let count = 1;
    let isArray = false;
    for (let hops = 0; hops < this.#btf.endId; hops++) {
      const type = this.#btf.type(id);
      switch (type.kind) {
        case 'array':
          count *= type.nelems;
          isArray = true;
          id = type.type;
          break;
        case 'typedef':
        case 'const':
        case 'volatile':
        case 'restrict':
        case 'type_tag':
          id = type.type;
          break;
        case 'ptr':
          return { size: count * this.#pointerSize, align: this.#pointerSize };
        case 'int': {
          const { size, offset, bits } = type;
          const part = isArray || bits === size * 8 ? {} : { part: { offset, bits } };
          return { size: count * size, align: powerOfTwo(Math.min(size, 16)), ...part };
        }
        case 'float':
        case 'enum':
        case 'enum64':
          return { size: count * type.size, align: powerOfTwo(Math.min(type.size, 16)) };
        case 'struct':
        case 'union':
          return { size: count * type.size, align: this.of(type).align };
        default:
          throw this.#error(id, `a ${type.kind} has no size`);
      }
    }
    throw this.#error(id, 'its typedefs and modifiers go round in a circle');
  }

  #struct(type: BtfStruct): Layout {
    const members = this.#place(type);
    const natural = largest(members, m => m.measure.align, 1);
    const packed = type.size % natural !== 0 || members.some(m => !isNatural(m));
    const align = packed ? 1 : natural;
    const fields: Field[] = [];
    let end = 0;
    for (const placed of members) {
      const { member, index, offset, bits, width } = placed;
      if (offset < end)
        throw this.#error(type.id, `its member ${member.name || '(anon)'} overlaps the one before`);
      const hole = next(end, placed, packed) === offset ? undefined : { from: end, to: offset };
      fields.push({ member, index, bits, hole });
      end = offset + width;
    }
    const size = type.size * 8;
    if (end > size) throw this.#error(type.id, `its members reach past its ${type.size} bytes`);
    const tail = roundUp(end, align * 8) === size ? undefined : { from: end, to: size };
    return { align, packed, fields, tail };
  }

  #union(type: BtfStruct): Layout {
    const members = this.#place(type);
    const natural = largest(members, m => m.measure.align, 1);
    const packed = type.size % natural !== 0;
    const end = largest(members, m => m.offset + m.width, 0);
    const fields = members.map(({ member, index, bits }) => ({ member, index, bits, hole: undefined }));
    const moved = members.find(m => m.offset !== 0);
    if (moved) throw this.#error(type.id, `its member ${moved.member.name || '(anon)'} is not at its start`);
    const size = type.size * 8;
    if (end > size) throw this.#error(type.id, `its members reach past its ${type.size} bytes`);
    const align = packed ? 1 : natural;
    let forced = align;
    while (forced < MAX_ALIGN && roundUp(end, forced * 8) < size) forced *= 2;
    // pahole leaves some unions without their members.
    if (roundUp(end, forced * 8) !== size) return { align, packed, fields, tail: { from: 0, to: size } };
    return { align: forced, packed, fields, tail: undefined, ...(forced > align ? { aligned: forced } : {}) };
  }

  /** The members that C can name; an unnamed one of no members is room. */
  #place({ members }: BtfStruct): Placed[] {
    return members.flatMap((member, index) => {
      const measure = this.measure(member.type);
      if (member.name === '' && !isInlined(this.#btf, member)) return [];
      // BTF without the kind flag describes a bit-field by an int of its own.
      const bits = member.bitSize || (measure.part?.bits ?? 0);
      const offset = member.bitOffset + (member.bitSize ? 0 : (measure.part?.offset ?? 0));
      return [{ member, index, offset, bits, width: bits || measure.size * 8, measure }];
    });
  }

  #error(id: number, reason: string): FormatError {
    const { kind, name } = this.#btf.type(id);
    return new FormatError(`${kind} ${name || '(anon)'} cannot be written in C: ${reason}`, {
      section: '.BTF',
      field: `type ${id}`,
    });
  }
}

function largest(members: readonly Placed[], of: (member: Placed) => number, least: number): number {
  return members.reduce((most, member) => Math.max(most, of(member)), least);
}

/** Whether a struct that is not packed can have the member where it is. */
function isNatural({ offset, bits, measure: { size, align } }: Placed): boolean {
  const start = offset % (align * 8);
  return bits === 0 ? start === 0 : start + bits <= size * 8;
}

/** Where a compiler that has got to `end` would put the member. */
function next(end: number, { bits, measure: { size, align } }: Placed, packed: boolean): number {
  if (bits === 0) return roundUp(end, packed ? 8 : align * 8);
  return packed || (end % (align * 8)) + bits <= size * 8 ? end : roundUp(end, align * 8);
}

/** Pointers are as long as a `long` (libbpf, btf__pointer_size), 8 bytes where BTF has none. */
function pointerSize(btf: BtfTypes): number {
  for (const name of ['long int', 'long', 'long unsigned int', 'unsigned long']) {
    const id = btf.findByName(name, 'int');
    const type = id === undefined ? undefined : btf.type(id);
    if (type?.kind === 'int' && (type.size === 4 || type.size === 8)) return type.size;
  }
  return 8;
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** The largest power of two that is not larger. */
function powerOfTwo(size: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, size)));
}
