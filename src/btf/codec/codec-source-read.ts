import { closures } from './codec-closures.js';
import { at, type CodecSource, key } from './codec-source.js';
import { load, readBits } from './codec-source-bits.js';
import { textSource } from './codec-source-text.js';
import {
  type ArrayShape,
  type EnumShape,
  type IntShape,
  isWhole,
  type Shape,
  type StructShape,
} from './value-shape.js';

/** A struct of more values than this is read by closures: no optimizing compiler would take a function so large. */
const MAX_VALUES = 400;
/** What makes no more values than this is read where it is, rather than by a function of its own. */
const MAX_INLINE = 16;
/** Of types that hold more others, the rest are read by closures: so much source would take long to compile. */
export const MAX_FUNCTIONS = 200;

/**
 * Writes functions `(v, o, q)` that read values of a shape at offset `o` of the DataView `v`. `q` is null, or the view's memory as 64-bit words, if `o`
 * is a multiple of 8: V8 has getBigUint64 as a call, but reads words inline.
 */
export class ReadSource {
  /** Whether any function reads 64-bit words. */
  usesWords = false;
  readonly #source: CodecSource;
  readonly #little: boolean;
  readonly #functions = new Map<Shape, string>();

  constructor(source: CodecSource, little: boolean) {
    this.#source = source;
    this.#little = little;
  }

  /** Expression of the value at `o + offset`; `words` if `q` is there to be used. */
  value(shape: Shape, offset: number, words: boolean): string {
    switch (shape.kind) {
      case 'int':
        return this.#int(shape, offset, words);
      case 'enum':
        return this.#enum(shape, offset, words);
      case 'float':
        return `v.getFloat${8 * shape.size}(${at(offset)}, ${this.#little})`;
      case 'chars':
        return textSource(this.#source, shape.size, at(offset));
      case 'array':
        if (shape.count <= 4 && counts(shape).all <= MAX_INLINE) return this.#list(shape, offset, words);
        return this.#call(shape, offset, words);
      case 'struct':
        return counts(shape).all <= MAX_INLINE
          ? this.object(shape, offset, words)
          : this.#call(shape, offset, words);
    }
  }

  /** Expression of a struct as an object literal; `last` is the expression of its last member, where it has another. */
  object(shape: StructShape, offset: number, words: boolean, last?: string): string {
    const members = flatMembers(shape);
    const fields = members.map((m, i) => {
      const isLast = last !== undefined && i === members.length - 1;
      return `${key(m.name)}: ${isLast ? last : this.value(m.shape, offset + m.offset, words)}`;
    });
    return `{ ${fields.join(', ')} }`;
  }

  /** The name of the function that reads values of a shape. */
  function(shape: Shape): string {
    let name = this.#functions.get(shape);
    if (name === undefined) {
      name = this.#source.nextName();
      this.#functions.set(shape, name);
      this.#source.define(name, this.#define(name, shape));
    }
    return name;
  }

  /** Expression of a function that reads values of a shape, too large for source or not. */
  reader(shape: Shape): string {
    return isLarge(shape) ? this.#source.constant(closures(shape, this.#little).read) : this.function(shape);
  }

  #define(name: string, shape: Shape): string {
    if (shape.kind === 'array') {
      const step = shape.element.size;
      const element = this.value(shape.element, 0, step % 8 === 0);
      return `function ${name}(v, o, q) { const a = new Array(${shape.count}); for (let i = 0; i < ${shape.count}; i++, o += ${step}) a[i] = ${element}; return a; }`;
    }
    const text = shape.kind === 'struct' ? this.object(shape, 0, true) : this.value(shape, 0, true);
    return `function ${name}(v, o, q) { return ${text}; }`;
  }

  #call(shape: Shape, offset: number, words: boolean): string {
    const closure = isLarge(shape) || this.#source.functionCount > MAX_FUNCTIONS;
    if (closure) return this.#closure(shape, offset);
    return `${this.function(shape)}(v, ${at(offset)}, ${words && offset % 8 === 0 ? 'q' : 'null'})`;
  }

  #closure(shape: Shape, offset: number): string {
    return `${this.#source.constant(closures(shape, this.#little))}.read(v, ${at(offset)})`;
  }

  #list(shape: ArrayShape, offset: number, words: boolean): string {
    const { element, count } = shape;
    const values = Array.from({ length: count }, (_, i) =>
      this.value(element, offset + i * element.size, words),
    );
    return `[${values.join(', ')}]`;
  }

  #enum(shape: EnumShape, offset: number, words: boolean): string {
    const value = this.#int(shape.int, offset, words);
    return shape.names
      ? `${this.#source.constant(nameOf)}(${this.#source.constant(shape.names)}, ${value})`
      : value;
  }

  #int(shape: IntShape, offset: number, words: boolean): string {
    const { layout, asNumber } = shape;
    const { bytes, bits, signed, bool } = layout;
    if (!isWhole(layout)) {
      if (bits > (signed ? 52 : 53)) return this.#closure(shape, offset);
      const value = readBits(layout, offset, this.#little);
      if (bool) return `(${value} !== 0)`;
      return bits > 32 && !asNumber ? `BigInt(${value})` : value;
    }
    if (bytes === 8) return asNumber ? this.#number64(signed, offset) : this.#bigint(signed, offset, words);
    if (bytes === 1) return `v.get${signed ? 'Int8' : 'Uint8'}(${at(offset)})${bool ? ' !== 0' : ''}`;
    return signed
      ? load(bytes, offset, this.#little).replace('Uint', 'Int')
      : load(bytes, offset, this.#little);
  }

  #number64(signed: boolean, offset: number): string {
    const low = load(4, offset + (this.#little ? 0 : 4), this.#little);
    const high = load(4, offset + (this.#little ? 4 : 0), this.#little);
    return `(${signed ? high.replace('Uint', 'Int') : high} * 4294967296 + ${low})`;
  }

  #bigint(signed: boolean, offset: number, words: boolean): string {
    const get = `v.getBig${signed ? 'Int' : 'Uint'}64(${at(offset)}, ${this.#little})`;
    if (!words || offset % 8 || !this.#little) return get;
    this.usesWords = true;
    const word = `q[(${at(offset)}) >>> 3]`;
    return `(q !== null ? ${signed ? `BigInt.asIntN(64, ${word})` : word} : ${get})`;
  }
}

function nameOf(names: ReadonlyMap<number, string>, value: number | bigint): string | number | bigint {
  return names.get(Number(value)) ?? value;
}

/** Whether a shape is read by closures: see {@link MAX_VALUES}. */
export function isLarge(shape: Shape): boolean {
  return shape.kind === 'struct' && counts(shape).own > MAX_VALUES;
}

/** Members with those of anonymous structs and unions, by their offset in the outermost. */
export function flatMembers(
  shape: StructShape,
  offset = 0,
): { name: string; offset: number; shape: Shape }[] {
  return shape.members.flatMap(m =>
    m.inline
      ? flatMembers(m.shape as StructShape, offset + m.offset)
      : [{ name: m.name, offset: offset + m.offset, shape: m.shape }],
  );
}

/** Values that a struct's own function makes: no fewer than its members. */
export function valuesOf(shape: StructShape): number {
  return counts(shape).own;
}

interface Counts {
  /** Values that reading one makes. */
  readonly all: number;
  /** Of these, the ones that its own function makes. */
  readonly own: number;
}

const known = new WeakMap<Shape, Counts>();

function counts(shape: Shape): Counts {
  let made = known.get(shape);
  if (made) return made;
  made = { all: 1, own: 1 };
  if (shape.kind === 'array') made = { all: 1 + shape.count * counts(shape.element).all, own: 1 };
  if (shape.kind === 'struct')
    for (const member of shape.members) {
      const { all, own } = counts(member.shape);
      made = { all: made.all + all, own: made.own + (member.inline ? own : Math.min(all, MAX_INLINE)) };
    }
  known.set(shape, made);
  return made;
}
