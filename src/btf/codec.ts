import { FormatError } from '../errors/index.js';
import { arrayCodec, inlineCodec, type MemberCodec, structCodec } from './codec-compound.js';
import { intCodec } from './codec-int.js';
import { charArrayCodec } from './codec-string.js';
import { typeName } from './type-name.js';
import type {
  BtfDatasec,
  BtfEnum,
  BtfEnum64,
  BtfMember,
  BtfSecinfo,
  BtfStruct,
  BtfType,
  BtfTypes,
  Codec,
  CodecOptions,
} from './types.js';
import { type ValueCodec, wrongValue } from './value-codec.js';

const cache = new WeakMap<BtfTypes, Map<string, Codec>>();

/** The codec of a type, compiled on first use and kept with its BTF. Throws FormatError for a type that has no values (a function, `void`). */
export function codec(btf: BtfTypes, typeId: number, options: CodecOptions = {}): Codec {
  const key = `${typeId}/${options.int64 ?? 'bigint'}/${options.enums ?? 'number'}`;
  const ofBtf = cache.get(btf) ?? new Map<string, Codec>();
  cache.set(btf, ofBtf);
  const known = ofBtf.get(key);
  if (known) return known;
  const made = new TypeCodec(typeId, typeName(btf, typeId), new Compiler(btf, options).type(typeId));
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

/** Deeper nesting than any C type has: a struct that contains itself. */
const MAX_DEPTH = 64;
/** An array this long can only be damage; reading it would take gigabytes. */
const MAX_ELEMENTS = 1 << 26;

class Compiler {
  readonly #btf: BtfTypes;
  readonly #options: CodecOptions;
  readonly #little: boolean;
  /** Each type is compiled once, however often it occurs. */
  readonly #values = new Map<number, ValueCodec>();
  readonly #inline = new Map<number, ValueCodec>();
  /** How many values reading one makes, where it is not one. */
  readonly #counts = new Map<ValueCodec, number>();

  constructor(btf: BtfTypes, options: CodecOptions) {
    this.#btf = btf;
    this.#options = options;
    this.#little = btf.endian === 'little';
  }

  type(id: number): ValueCodec {
    const made = this.#value(id, 0);
    const count = this.#count(made);
    if (made.size > 0xffffffff) throw this.#error(id, `${made.size} bytes, 4 GiB or more`);
    // Members of a union overlap, and elements of empty types take no bytes: a few bytes could read as millions of values.
    if (count > 65536 + 64 * made.size)
      throw this.#error(id, `${count} values in ${made.size} bytes overlap without measure`);
    return made;
  }

  #count(codec: ValueCodec): number {
    return this.#counts.get(codec) ?? 1;
  }

  #counted(codec: ValueCodec, members: readonly MemberCodec[]): ValueCodec {
    this.#counts.set(
      codec,
      members.reduce((sum, m) => sum + this.#count(m.codec), 1),
    );
    return codec;
  }

  #value(id: number, depth: number): ValueCodec {
    if (depth > MAX_DEPTH) throw this.#error(id, 'contains itself');
    const type = this.#btf.resolved(id);
    let made = this.#values.get(type.id);
    if (!made) {
      made = this.#compile(id, type, depth);
      this.#values.set(type.id, made);
    }
    return made;
  }

  #compile(id: number, type: BtfType, depth: number): ValueCodec {
    switch (type.kind) {
      case 'int':
        if (type.size > 16 || type.bits === 0 || type.offset + type.bits > type.size * 8)
          throw this.#error(id, `${type.bits} bits do not fit in its ${type.size} bytes`);
        return intCodec(
          { bytes: type.size, bits: type.bits, bitOffset: type.offset, signed: type.signed, bool: type.bool },
          this.#little,
          this.#options.int64 === 'number',
          type.name,
        );
      case 'enum':
      case 'enum64':
        if (![1, 2, 4, 8].includes(type.size)) throw this.#error(id, `an enum of ${type.size} bytes`);
        return this.#enumCodec(type, type.size * 8, 0);
      case 'float':
        return floatCodec(type.size, this.#little);
      case 'ptr':
        return intCodec(
          { bytes: 8, bits: 64, bitOffset: 0, signed: false, bool: false },
          this.#little,
          false,
          'a pointer',
        );
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
        return this.#value(type.type, depth + 1);
      default:
        throw this.#error(id, `a ${type.kind} has no values`);
    }
  }

  #struct(name: string, size: number, members: readonly MemberCodec[]): ValueCodec {
    return this.#counted(structCodec(name, size, members), members);
  }

  #variable({ id, size }: BtfDatasec, { type, offset }: BtfSecinfo, depth: number): MemberCodec {
    const { name } = this.#btf.type(type);
    const codec = this.#value(type, depth + 1);
    if (offset + codec.size > size) throw this.#error(id, `${name} reaches past its ${size} bytes`);
    return { name, offset, inline: false, codec };
  }

  #array(id: number, element: number, count: number, depth: number): ValueCodec {
    if (count > MAX_ELEMENTS) throw this.#error(id, `an array of ${count} elements`);
    if (isChar(this.#btf, element)) return charArrayCodec(count);
    const one = this.#value(element, depth + 1);
    const made = arrayCodec(one, count);
    this.#counts.set(made, 1 + count * this.#count(one));
    return made;
  }

  #members(type: BtfStruct, depth: number): MemberCodec[] {
    const members: MemberCodec[] = [];
    for (const m of type.members) {
      const target = this.#btf.resolved(m.type);
      const isCompound = target.kind === 'struct' || target.kind === 'union';
      if (!m.name && !isCompound) continue;
      members.push(this.#member(type, m, target, depth, !m.name && isCompound));
    }
    return members;
  }

  #member(owner: BtfStruct, m: BtfMember, target: BtfType, depth: number, inline: boolean): MemberCodec {
    const bits = m.bitSize || (target.kind === 'int' && target.bits !== target.size * 8 ? target.bits : 0);
    if (bits)
      return { name: m.name, offset: 0, inline: false, codec: this.#bitField(owner, m, target, bits) };
    if (m.bitOffset % 8) throw this.#error(owner.id, `${m.name} begins inside a byte`);
    const offset = m.bitOffset / 8;
    const codec = inline ? this.#inlined(target as BtfStruct, depth + 1) : this.#value(m.type, depth + 1);
    if (offset + codec.size > owner.size)
      throw this.#error(owner.id, `${m.name || 'a member'} reaches past its ${owner.size} bytes`);
    return { name: m.name, offset, inline, codec };
  }

  #inlined(type: BtfStruct, depth: number): ValueCodec {
    let made = this.#inline.get(type.id);
    if (!made) {
      if (depth > MAX_DEPTH) throw this.#error(type.id, 'contains itself');
      const members = this.#members(type, depth);
      made = this.#counted(inlineCodec(type.size, members), members);
      this.#inline.set(type.id, made);
    }
    return made;
  }

  #bitField(owner: BtfStruct, m: BtfMember, target: BtfType, bits: number): ValueCodec {
    const extra = target.kind === 'int' && !m.bitSize ? target.offset : 0;
    const bitOffset = m.bitOffset + extra;
    if (bitOffset + bits > owner.size * 8 || bits > 128)
      throw this.#error(owner.id, `${m.name} reaches past its ${owner.size} bytes`);
    if (target.kind === 'enum' || target.kind === 'enum64')
      return this.#enumCodec(target, bits, bitOffset, owner.size);
    if (target.kind !== 'int') throw this.#error(owner.id, `${m.name}: a bit-field of ${target.kind}`);
    return intCodec(
      { bytes: owner.size, bits, bitOffset, signed: target.signed, bool: target.bool },
      this.#little,
      this.#options.int64 === 'number',
      `${target.name}:${bits}`,
    );
  }

  #enumCodec(type: BtfEnum | BtfEnum64, bits: number, bitOffset: number, bytes = type.size): ValueCodec {
    // clang marks an enum signed by kind_flag only since enum64; a negative value tells, too.
    const signed = type.signed || type.values.some(v => v.value < 0);
    const inner = intCodec(
      { bytes, bits, bitOffset, signed, bool: false },
      this.#little,
      this.#options.int64 === 'number',
      type.name || 'enum',
    );
    const byName = new Map(type.values.map(v => [v.name, v.value]));
    const byValue = new Map(type.values.map(v => [Number(v.value), v.name]));
    return {
      size: inner.size,
      read:
        this.#options.enums === 'name'
          ? (view, offset) => {
              const value = inner.read(view, offset);
              return byValue.get(Number(value)) ?? value;
            }
          : inner.read,
      write(view, offset, value, path) {
        const number = typeof value === 'string' ? byName.get(value) : value;
        if (number === undefined)
          throw wrongValue(path, value, `enum ${type.name} (${[...byName.keys()].join(', ')})`);
        inner.write(view, offset, number, path);
      },
    };
  }

  #error(id: number, reason: string): FormatError {
    return new FormatError(`type ${id} (${typeName(this.#btf, id)}): ${reason}`, { section: '.BTF' });
  }
}

/** Whether an array of this type is a string: `char`, not `unsigned char` or `__u8`. */
export function isChar(btf: BtfTypes, id: number): boolean {
  const type = btf.resolved(id);
  return type.kind === 'int' && type.size === 1 && !type.bool && (type.char || type.name === 'char');
}

function floatCodec(size: number, little: boolean): ValueCodec {
  if (size !== 4 && size !== 8)
    throw new FormatError(`a float of ${size} bytes has no JavaScript value`, { section: '.BTF' });
  return {
    size,
    read: size === 4 ? (v, o) => v.getFloat32(o, little) : (v, o) => v.getFloat64(o, little),
    write(view, offset, value, path) {
      if (typeof value !== 'number') throw wrongValue(path, value, 'a float');
      if (size === 4) view.setFloat32(offset, value, little);
      else view.setFloat64(offset, value, little);
    },
  };
}
