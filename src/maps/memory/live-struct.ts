import { type BtfStruct, type BtfTypes, type BtfValue, type Codec, codec, isChar } from '../../btf/index.js';
import { type BitField, bytesOf, readBits, writeBits } from './bits.js';
import { numberArray, type ScalarArray } from './scalar-array.js';

/** What `console.log` asks. */
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** Memory that structs are viewed in. Offsets are bytes. */
export interface ViewMemory {
  /** The memory itself; undefined where it can only be copied out and in. */
  readonly view: DataView | undefined;
  read(codec: Codec, offset: number): BtfValue;
  /** A copy. */
  bytes(offset: number, size: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  /** Where `size` bytes are that an address points to, if pointers of this memory point into it. Throws RangeError, with `what`, for those that are not all in it. */
  offsetOf?(pointer: bigint, size: number, what: string): number;
  /** The reverse of {@link offsetOf}. */
  pointerTo?(offset: number): bigint;
}

/** What reading a member of a {@link LiveStruct} gives. */
export type LiveValue = BtfValue | LiveStruct | ScalarArray | readonly LiveValue[] | undefined;

/**
 * A struct or union where it is in memory: reading a member reads that member only, setting one writes it only. Made by {@link liveStruct}.
 *
 * Members are what codecs give, but for: structs are views, pointers to structs of the same memory are views of what they point to (NULL is undefined), arrays of
 * integers and floats are typed arrays over the memory, other arrays cannot be written to. `toJSON()`, if no member has that name, decodes all of it once.
 */
export abstract class LiveStruct {
  [member: string]: LiveValue;
  readonly #memory: ViewMemory;
  readonly #offset: number;

  constructor(memory: ViewMemory, offset: number) {
    this.#memory = memory;
    this.#offset = offset;
    Object.preventExtensions(this);
  }

  /** Where a view is. */
  static placeOf(view: LiveStruct): { readonly memory: ViewMemory; readonly offset: number } {
    return { memory: view.#memory, offset: view.#offset };
  }

  /** Gives a class of views a property for each member, which `plain` decodes all of. */
  static define(target: LiveStruct, plain: () => Codec, members: readonly Member[]): void {
    for (const name of ['toJSON', inspect])
      Object.defineProperty(target, name, {
        configurable: true,
        value(this: LiveStruct) {
          return this.#memory.read(plain(), this.#offset);
        },
      });
    for (const { name, read, write } of members)
      Object.defineProperty(target, name, {
        configurable: true,
        enumerable: true,
        get(this: LiveStruct) {
          return read(this.#memory, this.#offset);
        },
        set(this: LiveStruct, value: unknown) {
          write(this.#memory, this.#offset, value);
        },
      });
  }
}

type LiveStructClass = new (memory: ViewMemory, offset: number) => LiveStruct;

interface Member {
  readonly name: string;
  /** Reads or writes the member of the struct at an offset. */
  readonly read: Read;
  readonly write: (memory: ViewMemory, offset: number, value: unknown) => void;
}

type Read = (memory: ViewMemory, offset: number) => LiveValue;

const classes = new WeakMap<BtfTypes, Map<number, LiveStructClass>>();

/** A view of the struct or union at an offset that the caller knows to have room for it. Throws TypeError for a type that is neither. */
export function liveStruct(btf: BtfTypes, typeId: number, memory: ViewMemory, offset: number): LiveStruct {
  return new (classOf(btf, typeId))(memory, offset);
}

function isStruct(btf: BtfTypes, typeId: number): boolean {
  const { kind } = btf.resolved(typeId);
  return kind === 'struct' || kind === 'union';
}

function classOf(btf: BtfTypes, typeId: number): LiveStructClass {
  const type = btf.resolved(typeId);
  const ofBtf = classes.get(btf) ?? new Map<number, LiveStructClass>();
  classes.set(btf, ofBtf);
  let made = ofBtf.get(type.id);
  if (made) return made;
  if (type.kind !== 'struct' && type.kind !== 'union')
    throw new TypeError(
      `${type.name || `type ${typeId}`} is ${type.kind}: only structs and unions have views`,
    );
  made = class extends LiveStruct {} as LiveStructClass;
  Object.defineProperty(made, 'name', { value: type.name || 'anonymous' });
  ofBtf.set(type.id, made);
  LiveStruct.define(made.prototype, () => codec(btf, typeId), membersOf(btf, type, 0));
  return made;
}

/** The members, those of anonymous structs and unions among them. `base` is where the struct begins in the outermost. */
function membersOf(btf: BtfTypes, { members }: BtfStruct, base: number): Member[] {
  return members.flatMap(({ name, type, bitOffset, bitSize }) => {
    const target = btf.resolved(type);
    if (!name)
      return target.kind === 'struct' || target.kind === 'union'
        ? membersOf(btf, target, base + bitOffset / 8)
        : [];
    const partial = target.kind === 'int' && target.bits !== target.size * 8;
    if (bitSize || partial) {
      const extra = target.kind === 'int' && !bitSize ? target.offset : 0;
      const bits = bitSize || (target.kind === 'int' ? target.bits : 0);
      return bitField(btf, name, type, { bitOffset: base * 8 + bitOffset + extra, bits });
    }
    return wholeMember(btf, name, type, base + bitOffset / 8);
  });
}

function wholeMember(btf: BtfTypes, name: string, typeId: number, at: number): Member {
  const read = reader(btf, typeId, name);
  const pointer = btf.resolved(typeId).kind === 'ptr';
  let own: Codec | undefined;
  let bytes: Uint8Array | undefined;
  return {
    name,
    read: (memory, offset) => read(memory, offset + at),
    write(memory, offset, value) {
      own ??= codec(btf, typeId);
      bytes ??= new Uint8Array(own.size);
      encode(own, bytes, pointer ? pointerValue(memory, value) : value, name);
      memory.write(offset + at, bytes);
    },
  };
}

/** How a value of a type is read; what takes compiling is compiled when first read, because types can refer to themselves. */
function reader(btf: BtfTypes, typeId: number, name: string): Read {
  const type = btf.resolved(typeId);
  if (type.kind === 'struct' || type.kind === 'union') return structReader(btf, typeId);
  if (type.kind === 'ptr' && isStruct(btf, type.type)) return pointerReader(btf, typeId, type.type, name);
  if (type.kind === 'array' && !isChar(btf, type.type)) return arrayReader(btf, type.type, type.nelems, name);
  let own: Codec | undefined;
  return (memory, offset) => {
    own ??= codec(btf, typeId);
    return memory.read(own, offset);
  };
}

function structReader(btf: BtfTypes, typeId: number): (memory: ViewMemory, offset: number) => LiveStruct {
  let made: LiveStructClass | undefined;
  return (memory, offset) => {
    made ??= classOf(btf, typeId);
    return new made(memory, offset);
  };
}

function pointerReader(btf: BtfTypes, typeId: number, pointee: number, name: string): Read {
  const own = codec(btf, typeId);
  const size = btf.sizeOf(pointee);
  const view = structReader(btf, pointee);
  return (memory, offset) => {
    const pointer = memory.read(own, offset) as bigint;
    if (!memory.offsetOf) return pointer;
    if (pointer === 0n) return undefined;
    return view(memory, memory.offsetOf(pointer, size, name));
  };
}

function arrayReader(btf: BtfTypes, elementId: number, count: number, name: string): Read {
  const size = btf.sizeOf(elementId);
  const read = reader(btf, elementId, `${name}[]`);
  return (memory, offset) => {
    const inPlace = memory.view && numberArray(btf, elementId, memory.view, offset, size * count);
    if (inPlace) return inPlace;
    return Object.freeze(Array.from({ length: count }, (_, i) => read(memory, offset + i * size)));
  };
}

function bitField(btf: BtfTypes, name: string, typeId: number, field: BitField): Member {
  const type = btf.resolved(typeId);
  const bool = type.kind === 'int' && type.bool;
  const isEnum = type.kind === 'enum' || type.kind === 'enum64';
  // clang marks an enum signed only since enum64; a negative value tells, too.
  const signed =
    (type.kind === 'int' && type.signed) || (isEnum && (type.signed || type.values.some(v => v.value < 0)));
  const { offset: at, size } = bytesOf(field);
  const low = signed ? -(1n << BigInt(field.bits - 1)) : 0n;
  const high = (1n << BigInt(signed ? field.bits - 1 : field.bits)) - 1n;
  return {
    name,
    read(memory, offset) {
      const raw = readBits(memory.bytes(offset + at, size), field);
      if (bool) return raw !== 0n;
      const value = signed ? BigInt.asIntN(field.bits, raw) : raw;
      return field.bits > 32 ? value : Number(value);
    },
    write(memory, offset, value) {
      const integer = typeof value === 'bigint' || typeof value === 'boolean' || Number.isInteger(value);
      const big = integer ? BigInt(value as number) : undefined;
      if (big === undefined || big < low || big > high)
        throw new TypeError(
          `${name}: ${String(value)} is no ${low} to ${high}, which its ${field.bits} bits hold`,
        );
      const bytes = memory.bytes(offset + at, size);
      writeBits(bytes, field, big);
      memory.write(offset + at, bytes);
    },
  };
}

function pointerValue(memory: ViewMemory, value: unknown): unknown {
  if (value === undefined || value === null) return 0n;
  if (!(value instanceof LiveStruct)) return value;
  const { memory: other, offset } = LiveStruct.placeOf(value);
  if (other !== memory || !memory.pointerTo) throw new TypeError('this is a view of other memory');
  return memory.pointerTo(offset);
}

function encode(codec: Codec, bytes: Uint8Array, value: unknown, name: string): void {
  try {
    codec.write(bytes, value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new TypeError(`${name}: ${error.message.replace(/^value: /, '')}`, { cause: error });
  }
}
