import type { BtfArray, BtfEnum, BtfEnum64, BtfInt, BtfPtr, BtfStruct, BtfTypes } from '../btf/index.js';
import { FormatError } from '../errors/index.js';
import { Members } from './exact-json.js';

export interface BtfValueOptions {
  /** What to show of a pointer in place of its address; undefined for the address. */
  readonly pointer?: (type: BtfPtr, address: bigint) => unknown;
}

/**
 * A value by its BTF type in the JSON that bpftool makes of it (btf_dumper.c): bit-fields and 128-bit integers as `"0x1f"`, enumerators by name, arrays of
 * characters as text where they end in NUL and print, members of anonymous structs under `""`. Unlike bpftool's, quotes and control characters stay valid JSON, and
 * floats are numbers. Throws FormatError for a type that has no values.
 */
export function btfValue(
  btf: BtfTypes,
  typeId: number,
  bytes: Uint8Array,
  options: BtfValueOptions = {},
): unknown {
  if (bytes.length < btf.sizeOf(typeId))
    throw new FormatError(`a value has ${bytes.length} bytes, its type ${btf.sizeOf(typeId)}`, {
      section: '.BTF',
      field: `type ${typeId}`,
    });
  return new Values(btf, bytes, options).of(typeId, 0);
}

class Values {
  readonly #btf: BtfTypes;
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #options: BtfValueOptions;

  constructor(btf: BtfTypes, bytes: Uint8Array, options: BtfValueOptions) {
    this.#btf = btf;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = btf.endian === 'little';
    this.#options = options;
  }

  /** The value at a bit of the bytes. */
  of(typeId: number, bit: number): unknown {
    const type = this.#btf.resolved(typeId);
    const at = Math.floor(bit / 8);
    switch (type.kind) {
      case 'int':
        return this.#int(type, bit);
      case 'struct':
      case 'union':
        return this.#struct(type, bit);
      case 'array':
        return this.#array(type, bit);
      case 'enum':
      case 'enum64':
        return this.#enum(type, at);
      case 'ptr': {
        const address = BigInt(this.#unsigned(at, this.#btf.sizeOf(type.id)));
        return this.#options.pointer?.(type, address) ?? address;
      }
      case 'float':
        return this.#float(at, type.size);
      case 'var':
        return { [type.name]: this.of(type.type, bit) };
      case 'datasec':
        return { [type.name]: type.vars.map(v => this.of(v.type, bit + 8 * v.offset)) };
      default:
        throw new FormatError(`${type.kind} ${type.name}: a type without values`, {
          section: '.BTF',
          field: `type ${type.id}`,
        });
    }
  }

  #int({ bits, offset, signed, char, bool }: BtfInt, bit: number): unknown {
    if (bit % 8 !== 0 || offset !== 0 || !plainBits.has(bits)) return this.#bits(bit + offset, bits);
    const at = bit / 8;
    if (char) return String.fromCharCode(this.#view.getUint8(at));
    if (bool) return this.#view.getUint8(at) !== 0;
    return signed ? this.#signed(at, bits / 8) : this.#unsigned(at, bits / 8);
  }

  #struct({ members }: BtfStruct, bit: number): Members {
    return new Members(
      members.map(({ name, type, bitOffset, bitSize }) => [
        name,
        bitSize ? this.#bits(bit + bitOffset, bitSize) : this.of(type, bit + bitOffset),
      ]),
    );
  }

  #array({ type, nelems }: BtfArray, bit: number): unknown {
    const text = this.#isCharType(type) ? this.#text(bit / 8, nelems) : undefined;
    if (text !== undefined) return text;
    const size = 8 * this.#btf.sizeOf(type);
    return Array.from({ length: nelems }, (_, i) => this.of(type, bit + i * size));
  }

  /** A typedef of char does not count. */
  #isCharType(typeId: number): boolean {
    let type = this.#btf.type(typeId);
    while (
      type.kind === 'const' ||
      type.kind === 'volatile' ||
      type.kind === 'restrict' ||
      type.kind === 'type_tag'
    )
      type = this.#btf.type(type.type);
    return type.kind === 'int' && type.size === 1 && (type.char || type.name === 'char');
  }

  /** What prints, to the NUL that must be there. */
  #text(at: number, length: number): string | undefined {
    for (let i = 0; i < length; i++) {
      const byte = this.#view.getUint8(at + i);
      if (byte === 0) return this.#characters(at, i);
      if (byte <= 0x1f || byte >= 0x7f) return undefined;
    }
    return undefined;
  }

  #characters(at: number, length: number): string {
    return String.fromCharCode(...new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length));
  }

  #enum({ size, values }: BtfEnum | BtfEnum64, at: number): unknown {
    const value = this.#signed(at, size);
    const known = values.find(v => BigInt.asIntN(8 * size, BigInt(v.value)) === BigInt(value));
    return known ? known.name : value;
  }

  #float(at: number, size: number): unknown {
    if (size === 4) return this.#view.getFloat32(at, this.#little);
    return size === 8 ? this.#view.getFloat64(at, this.#little) : this.#bits(8 * at, 8 * size);
  }

  #bits(bit: number, bits: number): string {
    let value = 0n;
    const first = Math.floor(bit / 8);
    const last = Math.floor((bit + bits - 1) / 8);
    for (let i = 0; i <= last - first; i++)
      value |= BigInt(this.#view.getUint8(this.#little ? first + i : last - i)) << BigInt(8 * i);
    const skipped = this.#little ? bit % 8 : 8 * (last + 1) - bit - bits;
    return `0x${BigInt.asUintN(bits, value >> BigInt(skipped)).toString(16)}`;
  }

  #unsigned(at: number, size: number): number | bigint {
    switch (size) {
      case 1:
        return this.#view.getUint8(at);
      case 2:
        return this.#view.getUint16(at, this.#little);
      case 4:
        return this.#view.getUint32(at, this.#little);
      default:
        return this.#view.getBigUint64(at, this.#little);
    }
  }

  #signed(at: number, size: number): number | bigint {
    const value = this.#unsigned(at, size);
    if (typeof value === 'bigint') return BigInt.asIntN(64, value);
    const unused = 32 - 8 * size;
    return (value << unused) >> unused;
  }
}

/** Bits of the integers that are shown as numbers. */
const plainBits: ReadonlySet<number> = new Set([8, 16, 32, 64]);
