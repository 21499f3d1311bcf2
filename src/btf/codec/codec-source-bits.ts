import { at } from './codec-source.js';
import type { IntLayout } from './value-shape.js';

/** A piece of a bit-field: what one load of DataView has of it. */
export interface BitPiece {
  /** Bytes loaded: 1, 2 or 4. */
  readonly width: number;
  /** Where, from the start of the struct. */
  readonly offset: number;
  /** Bits of the load below the field's. */
  readonly shift: number;
  /** Bits of the field that it has, and how many are less significant. */
  readonly bits: number;
  readonly below: number;
}

/** The loads that cover a bit-field of up to 64 bits, least significant first. */
export function bitPieces({ bits, bitOffset }: IntLayout, little: boolean): BitPiece[] {
  const first = bitOffset >> 3;
  const span = ((bitOffset + bits + 7) >> 3) - first;
  const shift = little ? bitOffset & 7 : span * 8 - (bitOffset & 7) - bits;
  const pieces: BitPiece[] = [];
  for (let done = 0, below = 0; done < span; ) {
    const width = span - done >= 4 ? 4 : span - done >= 2 ? 2 : 1;
    const own = done ? 0 : shift;
    const count = Math.min(8 * width - own, bits - below);
    const offset = little ? first + done : first + span - done - width;
    pieces.push({ width, offset, shift: own, bits: count, below });
    done += width;
    below += count;
  }
  return pieces;
}

/** Expression of an unsigned load. */
export function load(width: number, offset: number, little: boolean): string {
  return width === 1 ? `v.getUint8(${at(offset)})` : `v.getUint${8 * width}(${at(offset)}, ${little})`;
}

/** Expression that reads a bit-field of up to 53 bits as a number. */
export function readBits(layout: IntLayout, base: number, little: boolean): string {
  const { bits, signed } = layout;
  const terms = bitPieces(layout, little).map(piece => {
    let term = load(piece.width, base + piece.offset, little);
    if (piece.shift) term = `(${term} >>> ${piece.shift})`;
    if (piece.bits < 8 * piece.width - piece.shift) term = `((${term} & ${mask(piece.bits)}) >>> 0)`;
    return piece.below ? `${term} * ${2 ** piece.below}` : term;
  });
  const unsigned = terms.length > 1 ? `(${terms.join(' + ')})` : (terms[0] as string);
  if (!signed) return unsigned;
  if (bits <= 32) return `(${unsigned} << ${32 - bits} >> ${32 - bits})`;
  // The sign: the upper half of the values is below zero.
  return `((${unsigned} + ${2 ** (bits - 1)}) % ${2 ** bits} - ${2 ** (bits - 1)})`;
}

export function mask(bits: number): number {
  return 2 ** bits - 1;
}
