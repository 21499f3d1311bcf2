import { closures } from './codec-closures.js';
import { memberOf } from './codec-compound.js';
import { at, type CodecSource, literal } from './codec-source.js';
import { bitPieces, load, mask } from './codec-source-bits.js';
import { flatMembers, isLarge, MAX_FUNCTIONS } from './codec-source-read.js';
import { hasOverlaps, unusedBytes } from './unused-bytes.js';
import type { ValueCodec } from './value-codec.js';
import { type ArrayShape, type IntShape, isWhole, type Shape, type StructShape } from './value-shape.js';
import { writeText, zeroFill } from './write-bytes.js';

/**
 * Writes functions `(v, o, x)` that write the value `x` at offset `o` of the DataView `v`, and return whether it is one of those that they know to write:
 * the plain ones. All others are left to closures, which say what is wrong.
 */
export class WriteSource {
  readonly #source: CodecSource;
  readonly #little: boolean;
  readonly #functions = { fresh: new Map<Shape, string>(), zeroed: new Map<Shape, string>() };

  constructor(source: CodecSource, little: boolean) {
    this.#source = source;
    this.#little = little;
  }

  /** The name of the function that writes values of a shape. `fresh`: over whatever is there; else over zeroes, or another member of a union. */
  function(shape: Shape, fresh: boolean): string {
    const known = this.#functions[fresh ? 'fresh' : 'zeroed'];
    let name = known.get(shape);
    if (name === undefined) {
      name = this.#source.nextName();
      known.set(shape, name);
      this.#source.define(name, `function ${name}(v, o, x) {\n${this.#body(shape, fresh)}\nreturn true; }`);
    }
    return name;
  }

  #body(shape: Shape, fresh: boolean): string {
    if (shape.kind === 'struct') return this.#struct(shape, fresh);
    if (shape.kind === 'array') return this.#array(shape, fresh);
    return this.#value(shape, 0, fresh);
  }

  /** Statements that write `x` at `o + offset`. */
  #value(shape: Shape, offset: number, fresh: boolean): string {
    switch (shape.kind) {
      case 'int':
        return this.#int(shape, offset, fresh);
      case 'enum':
        return `if (typeof x === 'string') x = ${this.#source.constant(shape.byName)}.get(x);\n${this.#int(shape.int, offset, fresh)}`;
      case 'float':
        return `if (typeof x !== 'number') return false;\nv.setFloat${8 * shape.size}(${at(offset)}, x, ${this.#little});`;
      case 'chars':
        return `if (!${this.#source.constant(writeText)}(v, ${at(offset)}, ${shape.size}, x)) return false;`;
      default: {
        if (isLarge(shape) || this.#source.functionCount > MAX_FUNCTIONS)
          return this.#closure(shape, offset, fresh);
        return `if (!${this.function(shape, fresh)}(v, ${at(offset)}, x)) return false;`;
      }
    }
  }

  #closure(shape: Shape, offset: number, fresh: boolean): string {
    const codec = this.#source.constant(closures(shape, this.#little));
    const zero = fresh ? this.#zero(offset, shape.size) : '';
    return `${zero}\nif (!${this.#source.constant(tryWrite)}(${codec}, v, ${at(offset)}, x)) return false;`;
  }

  #struct(shape: StructShape, fresh: boolean): string {
    const members = flatMembers(shape);
    const names = this.#source.constant(members.map(m => m.name));
    const overlaps = hasOverlaps(shape);
    const gaps = !fresh
      ? []
      : overlaps
        ? [{ offset: 0, size: shape.size }]
        : unusedBytes(members, shape.size);
    const inside = fresh && !overlaps;
    const lines = members.map(m => {
      const omitted = inside && m.shape.size > 0 ? ` else { ${this.#zero(m.offset, m.shape.size)} }` : '';
      return `x = ${this.#member(m.name)}; if (x !== undefined) { ${this.#value(m.shape, m.offset, inside)} }${omitted}`;
    });
    return `if (typeof x !== 'object' || x === null || Array.isArray(x)) return false;
let i = 0;
for (const k in x) if (k === ${names}[i]) i++; else if ((i = ${names}.indexOf(k) + 1) === 0) return false;
const s = x;
${gaps.map(gap => this.#zero(gap.offset, gap.size)).join('\n')}
${lines.join('\n')}`;
  }

  #member(name: string): string {
    return name in Object.prototype
      ? `${this.#source.constant(memberOf)}(s, ${literal(name)})`
      : `s[${literal(name)}]`;
  }

  #array({ element, count }: ArrayShape, fresh: boolean): string {
    const rest = fresh ? `${this.#source.constant(zeroFill)}(v, o, (${count} - n) * ${element.size});` : '';
    return `if (!Array.isArray(x) && !(x instanceof Uint8Array)) return false;
const a = x, n = a.length;
if (n > ${count}) return false;
for (let i = 0; i < n; i++, o += ${element.size}) { x = a[i]; ${this.#value(element, 0, fresh)} }
${rest}`;
  }

  #int(shape: IntShape, offset: number, fresh: boolean): string {
    const { layout } = shape;
    const { bytes, bits, signed, bool } = layout;
    const whole = isWhole(layout);
    if (bits > 32) return whole ? this.#int64(signed, offset) : this.#closure(shape, offset, fresh);
    const low = signed ? -(2 ** (bits - 1)) : 0;
    const high = 2 ** (signed ? bits - 1 : bits) - 1;
    const range = bits < 32 ? ` || x < ${low} || x > ${high}` : '';
    const check = `${bool || bits === 1 ? "if (typeof x === 'boolean') x = x ? 1 : 0; else " : ''}if (typeof x === 'bigint') x = Number(x);
if (typeof x !== 'number' || (x ${signed ? '| 0' : '>>> 0'}) !== x${range}) return false;`;
    if (whole) return `${check}\n${store(bytes, offset, 'x', this.#little)}`;
    const zero = fresh ? this.#zero(offset, bytes) : '';
    const pieces = bitPieces(layout, this.#little).map(piece => {
      const own = mask(piece.bits) * 2 ** piece.shift;
      const part = `(x >>> ${piece.below} & ${mask(piece.bits)}) << ${piece.shift}`;
      const old = load(piece.width, offset + piece.offset, this.#little);
      return store(piece.width, offset + piece.offset, `${old} & ${~own} | ${part}`, this.#little);
    });
    return [check, zero, ...pieces].join('\n');
  }

  #int64(signed: boolean, offset: number): string {
    const [low, high] = this.#little ? [0, 4] : [4, 0];
    const range = signed ? `x >= ${-(2 ** 63)} && x < ${2 ** 63}` : `x >= 0 && x < ${2 ** 64}`;
    return `if (typeof x === 'number') {
if (!(Number.isInteger(x) && ${range})) return false;
${store(4, offset + low, 'x', this.#little)}
${store(4, offset + high, '(x - (x >>> 0)) / 4294967296', this.#little)}
} else if (typeof x === 'bigint' && BigInt.as${signed ? 'Int' : 'Uint'}N(64, x) === x) {
v.setBig${signed ? 'Int' : 'Uint'}64(${at(offset)}, x, ${this.#little});
} else return false;`;
  }

  #zero(offset: number, size: number): string {
    if (size > 32) return `${this.#source.constant(zeroFill)}(v, ${at(offset)}, ${size});`;
    const stores: string[] = [];
    for (let done = 0; done < size; ) {
      const width = size - done >= 4 ? 4 : size - done >= 2 ? 2 : 1;
      stores.push(store(width, offset + done, '0', this.#little));
      done += width;
    }
    return stores.join(' ');
  }
}

function store(width: number, offset: number, value: string, little: boolean): string {
  return width === 1
    ? `v.setUint8(${at(offset)}, ${value});`
    : `v.setUint${8 * width}(${at(offset)}, ${value}, ${little});`;
}

/** Writes by closures; what is wrong with the value is said when all of it is written so. */
function tryWrite(codec: ValueCodec, view: DataView, offset: number, value: unknown): boolean {
  try {
    codec.write(view, offset, value, '');
    return true;
  } catch {
    return false;
  }
}
