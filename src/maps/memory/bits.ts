import { hostEndian } from '../../abi/index.js';

/** Where in memory the bits of a bit-field are, as BTF says it: `bitOffset` from the start of the bytes, counted from each byte's least significant bit on little endian, from the most significant on big endian. */
export interface BitField {
  readonly bitOffset: number;
  readonly bits: number;
}

/** The bytes that a bit-field touches. */
export function bytesOf({ bitOffset, bits }: BitField): { readonly offset: number; readonly size: number } {
  const offset = bitOffset >> 3;
  return { offset, size: ((bitOffset + bits + 7) >> 3) - offset };
}

/** A bit-field out of the bytes that it touches, unsigned. */
export function readBits(bytes: Uint8Array, field: BitField): bigint {
  return (word(bytes) >> shiftOf(bytes, field)) & maskOf(field);
}

/** Puts a bit-field into the bytes that it touches, and leaves their other bits alone. */
export function writeBits(bytes: Uint8Array, field: BitField, value: bigint): void {
  const shift = shiftOf(bytes, field);
  let rest = (word(bytes) & ~(maskOf(field) << shift)) | (BigInt.asUintN(field.bits, value) << shift);
  for (let i = 0; i < bytes.length; i++, rest >>= 8n) bytes[place(bytes, i)] = Number(rest & 0xffn);
}

function word(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[place(bytes, i)] ?? 0);
  return value;
}

/** Index of the `i`th least significant byte. */
function place({ length }: Uint8Array, i: number): number {
  return hostEndian === 'little' ? i : length - 1 - i;
}

function shiftOf({ length }: Uint8Array, { bitOffset, bits }: BitField): bigint {
  const first = bitOffset & 7;
  return BigInt(hostEndian === 'little' ? first : length * 8 - first - bits);
}

function maskOf({ bits }: BitField): bigint {
  return (1n << BigInt(bits)) - 1n;
}
