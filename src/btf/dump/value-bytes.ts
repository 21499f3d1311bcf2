import { FormatError } from '../../errors/index.js';
import type { BtfType, BtfTypes } from '../types.js';

/** Bytes to be read by types. Positions are bits from their start, counted as BTF counts those of bit-fields: in big endian from the most significant. */
export class ValueBytes {
  readonly #btf: BtfTypes;
  readonly #bytes: Uint8Array;
  readonly #little: boolean;
  /** Values that may still be looked at: overlapping members could make a few bytes millions of them. */
  #budget: number;

  constructor(btf: BtfTypes, bytes: Uint8Array) {
    this.#btf = btf;
    this.#bytes = bytes;
    this.#little = btf.endian === 'little';
    this.#budget = 1_000_000 + bytes.length * 256;
  }

  holds(bit: number, width: number): boolean {
    return bit + width <= this.#bytes.length * 8;
  }

  /** The unsigned number in `width` bits. */
  bits(bit: number, width: number): bigint {
    const first = Math.floor(bit / 8);
    const end = Math.ceil((bit + width) / 8);
    let value = 0n;
    if (this.#little) for (let i = end - 1; i >= first; i--) value = (value << 8n) | BigInt(this.#bytes[i]!);
    else for (let i = first; i < end; i++) value = (value << 8n) | BigInt(this.#bytes[i]!);
    const unused = this.#little ? bit - first * 8 : end * 8 - bit - width;
    return BigInt.asUintN(width, value >> BigInt(unused));
  }

  byte(bit: number): number {
    return Number(this.bits(bit, 8));
  }

  /** Counts a value as looked at. */
  spend(id: number): void {
    if (this.#budget-- > 0) return;
    throw new FormatError(
      `${this.#bytes.length} bytes cannot be so many values: its members overlap without measure`,
      {
        section: '.BTF',
        field: `type ${id}`,
      },
    );
  }

  /** Whether all that a value holds is zero; a string is when it is empty. False for one that is not all there. */
  isZero(id: number, bit: number, width: number, depth = 0): boolean {
    this.spend(id);
    if (depth > MAX_DEPTH)
      throw new FormatError('it contains itself', { section: '.BTF', field: `type ${id}` });
    const type = this.#btf.resolved(id);
    switch (type.kind) {
      case 'int':
      case 'float':
      case 'ptr':
      case 'enum':
      case 'enum64': {
        const used = width || this.#btf.sizeOf(type.id) * 8;
        return this.holds(bit, used) && this.bits(bit, used) === 0n;
      }
      case 'array': {
        const step = this.#btf.sizeOf(type.type) * 8;
        if (isByte(this.#btf.resolved(type.type)) && this.holds(bit, 8) && this.byte(bit) === 0) return true;
        for (let i = 0; i < (step === 0 ? 0 : type.nelems); i++)
          if (!this.isZero(type.type, bit + i * step, 0, depth + 1)) return false;
        return true;
      }
      case 'struct':
      case 'union':
        return type.members.every(m => this.isZero(m.type, bit + m.bitOffset, m.bitSize, depth + 1));
      default:
        return false;
    }
  }
}

/** Deeper than any C type nests. */
export const MAX_DEPTH = 250;

/** Whether an array of the type may be text. */
export function isByte(type: BtfType): boolean {
  return type.kind === 'int' && type.size === 1;
}
