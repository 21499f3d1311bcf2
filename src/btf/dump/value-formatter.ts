import { FormatError } from '../../errors/index.js';
import type {
  BtfArray,
  BtfDatasec,
  BtfEnum,
  BtfEnum64,
  BtfFloat,
  BtfInt,
  BtfPtr,
  BtfStruct,
  BtfType,
  BtfTypes,
  BtfVar,
} from '../types.js';
import { declarator } from './declarator.js';
import { floatText } from './float-text.js';
import type { FormatValueOptions } from './format-value.js';
import { isByte, MAX_DEPTH, ValueBytes } from './value-bytes.js';

/** Writes one value (libbpf, btf_dump__dump_type_data). */
export class ValueFormatter {
  readonly #btf: BtfTypes;
  readonly #bytes: ValueBytes;
  readonly #options: FormatValueOptions;
  readonly #truncated: (text: string, byte: number) => never;
  readonly #parts: string[] = [];
  /** Brackets that are open. */
  #depth = 0;
  /** Values in the midst of being written; a variable has no bracket. */
  #nesting = 0;
  /** Elements show no type; what they hold shows its zeroes. */
  #inArray = false;
  /** Elements that are bytes show as characters. */
  #inText = false;

  constructor(
    btf: BtfTypes,
    bytes: Uint8Array,
    options: FormatValueOptions,
    truncated: (text: string, byte: number) => never,
  ) {
    this.#btf = btf;
    this.#bytes = new ValueBytes(btf, bytes);
    this.#options = options;
    this.#truncated = truncated;
  }

  format(id: number): string {
    this.#value('', id, 0, 0);
    return this.#parts.join('');
  }

  /** A value at `bit`, of `width` bits when it is a bit-field (else 0), with the name of the member that it is. */
  #value(name: string, id: number, bit: number, width: number): void {
    this.#bytes.spend(id);
    if (this.#nesting > MAX_DEPTH) throw this.#error(id, 'it contains itself');
    const type = this.#btf.resolved(id);
    const size = this.#btf.sizeOf(id);
    if (isScalar(type) && !this.#bytes.holds(bit, width || size * 8))
      this.#truncated(this.#parts.join(''), Math.floor(bit / 8));
    const shown = this.#options.emitZeroes || this.#depth === 0 || (this.#inArray && !this.#inText);
    if (!shown && this.#bytes.isZero(id, bit, width)) return;
    this.#indent();
    if (!this.#options.skipNames) {
      if (name) this.#write(`.${name} = `);
      if (!this.#inArray && type.kind !== 'var' && type.kind !== 'datasec')
        this.#write(`(${this.#typeName(id)})`);
    }
    this.#nesting++;
    if (isScalar(type)) this.#end(this.#scalar(type, bit, width));
    else if (type.kind === 'array') this.#array(type, bit);
    else if (type.kind === 'struct' || type.kind === 'union') this.#struct(type, bit);
    else if (type.kind === 'var') this.#var(type, bit);
    else if (type.kind === 'datasec') this.#datasec(type, bit);
    else throw this.#error(id, `a ${type.kind} has no values`);
    this.#nesting--;
  }

  /** The value of a type that holds no others. */
  #scalar(type: Scalar, bit: number, width: number): string {
    const bits = this.#bytes.bits(bit, width || this.#btf.sizeOf(type.id) * 8);
    switch (type.kind) {
      case 'int':
        return width ? hex(bits) : this.#int(type, bits);
      case 'float': {
        const text = floatText(bits, type.size);
        if (text === undefined) throw this.#error(type.id, `there is no float of ${type.size} bytes`);
        return text;
      }
      case 'ptr':
        return bits === 0n ? '(nil)' : hex(bits);
      default:
        return enumText(type, bits, width || type.size * 8);
    }
  }

  #int({ id, size, signed }: BtfInt, value: bigint): string {
    if (size === 16) return hex(value);
    if (size !== 1 && size !== 2 && size !== 4 && size !== 8)
      throw this.#error(id, `there is no integer of ${size} bytes`);
    if (this.#inText) {
      if (value === 0n) return "'\\0'";
      if (isPrintable(Number(value))) return `'${String.fromCharCode(Number(value))}'`;
    }
    return String(signed ? BigInt.asIntN(size * 8, value) : value);
  }

  #array({ type, nelems }: BtfArray, bit: number): void {
    const element = this.#btf.resolved(type);
    const step = this.#btf.sizeOf(type) * 8;
    // Elements without a size, such as a lock's where none is compiled in, have nothing to show.
    const count = step === 0 ? 0 : nelems;
    const isText = isByte(element);
    if (isText && this.#options.emitStrings && this.#string(nelems, bit)) return;
    this.#open('[');
    const { inArray, inText } = { inArray: this.#inArray, inText: this.#inText };
    this.#inArray = true;
    this.#inText = isText;
    for (let i = 0; i < count; i++) {
      const at = bit + i * step;
      if (!this.#bytes.holds(at, 8)) this.#truncated(this.#parts.join(''), Math.floor(at / 8));
      this.#value('', element.id, at, 0);
      if (isText && this.#options.emitZeroes && this.#bytes.byte(at) === 0) break;
    }
    this.#inArray = inArray;
    this.#inText = inText;
    this.#close(']');
  }

  /** Writes bytes up to a NUL as a string; false when there is none. */
  #string(length: number, bit: number): boolean {
    let text = '';
    for (let at = bit; at < bit + length * 8; at += 8) {
      if (!this.#bytes.holds(at, 8)) this.#truncated(this.#parts.join(''), Math.floor(at / 8));
      const byte = this.#bytes.byte(at);
      if (byte === 0) {
        this.#end(`"${text}"`);
        return true;
      }
      text += isPrintable(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
    }
    return false;
  }

  #struct({ members }: BtfStruct, bit: number): void {
    this.#open('{');
    for (const m of members) this.#value(m.name, m.type, bit + m.bitOffset, m.bitSize);
    this.#close('}');
  }

  #var({ name, type, linkage }: BtfVar, bit: number): void {
    const prefix = linkage === 'static' || linkage === 'extern' ? `${linkage} ` : '';
    this.#write(`${prefix}${this.#typeName(type)} ${name} = `);
    this.#value('', type, bit, 0);
  }

  #datasec({ name, vars }: BtfDatasec, bit: number): void {
    this.#end(`SEC("${name}") `);
    for (const { type, offset } of vars) {
      this.#value('', type, bit + offset * 8, 0);
      this.#write(';');
    }
  }

  #open(bracket: string): void {
    this.#depth++;
    this.#write(this.#options.compact ? bracket : `${bracket}\n`);
  }

  #close(bracket: string): void {
    this.#depth--;
    this.#indent();
    this.#end(bracket);
  }

  /** The last of a value, with what separates it from the next. */
  #end(text: string): void {
    this.#write(this.#depth === 0 ? text : this.#options.compact ? `${text},` : `${text},\n`);
  }

  #indent(): void {
    const { compact, indent = '\t', indentLevel = 0 } = this.#options;
    if (!compact) this.#write(indent.repeat(indentLevel + this.#depth));
  }

  #write(text: string): void {
    this.#parts.push(text);
  }

  /** The type without its qualifiers, an anonymous one by its keyword alone. */
  #typeName(id: number): string {
    return declarator(this.#btf, id, '', { specifier: typeWords, parameter: name => name });
  }

  #error(id: number, reason: string): FormatError {
    return new FormatError(reason, { section: '.BTF', field: `type ${id}` });
  }
}

type Scalar = BtfInt | BtfFloat | BtfPtr | BtfEnum | BtfEnum64;

function isScalar(type: BtfType): type is Scalar {
  return ['int', 'float', 'ptr', 'enum', 'enum64'].includes(type.kind);
}

function enumText(type: BtfEnum | BtfEnum64, bits: bigint, width: number): string {
  const value = type.signed ? BigInt.asIntN(width, bits) : bits;
  const known = type.values.find(v => BigInt(v.value) === value);
  if (known) return known.name;
  return `${value}${type.kind === 'enum' ? '' : type.signed ? 'LL' : 'ULL'}`;
}

function typeWords(type: BtfType): string {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return `${type.kind} ${type.name}`.trimEnd();
    case 'enum':
    case 'enum64':
      return `enum ${type.name}`;
    case 'fwd':
      return `${type.of} ${type.name}`;
    default:
      return type.name || 'void';
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** As isprint() in the C locale. */
function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}
