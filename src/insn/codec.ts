import { FormatError } from '../errors/index.js';
import { insnSize, LDIMM64 } from './opcodes.js';
import type { Insn } from './types.js';

/** Byte order of instructions: that of the object, or of the machine that is to run them. */
export type Endian = 'little' | 'big';

/** Number of 8-byte slots. Throws FormatError when the bytes are not whole instructions. */
export function insnCount(bytes: Uint8Array): number {
  if (bytes.length % insnSize !== 0)
    throw new FormatError(`${bytes.length} bytes are not whole instructions of ${insnSize} bytes`, {
      offset: bytes.length - (bytes.length % insnSize),
      field: 'instructions',
    });
  return bytes.length / insnSize;
}

/** Decodes the slot with index `slot`; `endian` is the object's. Throws FormatError past the end. */
export function decodeInsn(bytes: Uint8Array, slot: number, endian: Endian): Insn {
  const at = slot * insnSize;
  if (!(at >= 0 && at + insnSize <= bytes.length))
    throw new FormatError(`there is no instruction ${slot} in ${bytes.length} bytes`, {
      offset: at,
      field: 'instructions',
    });
  const b = (i: number): number => bytes[at + i] as number;
  const code = b(0);
  // The registers are bit-fields, so their order in the byte follows the byte order, too.
  if (endian === 'little')
    return {
      code,
      dst: b(1) & 0xf,
      src: b(1) >> 4,
      off: ((b(2) | (b(3) << 8)) << 16) >> 16,
      imm: b(4) | (b(5) << 8) | (b(6) << 16) | (b(7) << 24),
    };
  return {
    code,
    dst: b(1) >> 4,
    src: b(1) & 0xf,
    off: ((b(3) | (b(2) << 8)) << 16) >> 16,
    imm: b(7) | (b(6) << 8) | (b(5) << 16) | (b(4) << 24),
  };
}

/** The 8 bytes of one slot. Throws RangeError for a field that does not fit; `imm` may be given signed or unsigned. */
export function encodeInsn(insn: Insn, endian: Endian): Uint8Array {
  const { code, dst, src, off, imm } = insn;
  const fits = (value: number, min: number, max: number): boolean =>
    Number.isInteger(value) && value >= min && value <= max;
  if (!fits(code, 0, 0xff)) throw new RangeError(`instruction code ${code} is not 8 bits`);
  if (!fits(dst, 0, 15)) throw new RangeError(`instruction dst ${dst} is not a register`);
  if (!fits(src, 0, 15)) throw new RangeError(`instruction src ${src} is not a register`);
  if (!fits(off, -0x8000, 0x7fff)) throw new RangeError(`instruction off ${off} is not 16 bits`);
  if (!fits(imm, -0x80000000, 0xffffffff)) throw new RangeError(`instruction imm ${imm} is not 32 bits`);

  const bytes = new Uint8Array(insnSize);
  const view = new DataView(bytes.buffer);
  const le = endian === 'little';
  bytes[0] = code;
  bytes[1] = le ? dst | (src << 4) : (dst << 4) | src;
  view.setInt16(2, off, le);
  view.setInt32(4, imm, le);
  return bytes;
}

/** True for the first slot of a 16-byte `ldimm64`. */
export function isLdimm64(insn: Insn): boolean {
  return insn.code === LDIMM64;
}

/** The 64-bit immediate of a `ldimm64` from its two slots. */
export function ldimm64Value(first: Insn, second: Insn): bigint {
  return (BigInt(second.imm >>> 0) << 32n) | BigInt(first.imm >>> 0);
}

/** The same instructions in the other byte order, as a copy: an object built for a foreign machine can be read, not run, without it. */
export function swapInsns(bytes: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(bytes.length);
  const count = insnCount(bytes);
  for (let slot = 0; slot < count; slot++) {
    const at = slot * insnSize;
    const b = (i: number): number => bytes[at + i] as number;
    swapped.set([b(0), (b(1) >> 4) | ((b(1) & 0xf) << 4), b(3), b(2), b(7), b(6), b(5), b(4)], at);
  }
  return swapped;
}
