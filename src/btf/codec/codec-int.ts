import { type ValueCodec, wrongValue } from './value-codec.js';
import { type EnumShape, type IntLayout, type IntShape, isWhole } from './value-shape.js';

/** Codec of an integer; 64-bit ones read as bigint unless `asNumber`. */
export function intCodec({ layout, asNumber, name }: IntShape, little: boolean): ValueCodec {
  const { bytes, bits, signed, bool } = layout;
  const check = rangeCheck(bits, signed, bool, name);
  if (isWhole(layout)) return wholeInt(bytes, signed, bool, little, asNumber, check);
  return bitsCodec(layout, little, asNumber, check);
}

type Check = (value: unknown, path: string) => bigint;

function rangeCheck(bits: number, signed: boolean, bool: boolean, name: string): Check {
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const high = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  const wanted = bool ? 'bool (true or false)' : `${name} (${low} to ${high})`;
  return (value, path) => {
    if (typeof value === 'boolean' && (bool || bits === 1)) return value ? 1n : 0n;
    if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isInteger(value)))
      throw wrongValue(path, value, wanted);
    const big = BigInt(value);
    if (big < low || big > high) throw wrongValue(path, value, wanted);
    return big;
  };
}

function wholeInt(
  size: number,
  signed: boolean,
  bool: boolean,
  little: boolean,
  asNumber: boolean,
  check: Check,
): ValueCodec {
  const write = (view: DataView, offset: number, value: unknown, path: string): void => {
    const big = check(value, path);
    if (size === 8) view.setBigUint64(offset, BigInt.asUintN(64, big), little);
    else if (size === 4) view.setUint32(offset, Number(BigInt.asUintN(32, big)), little);
    else if (size === 2) view.setUint16(offset, Number(BigInt.asUintN(16, big)), little);
    else view.setUint8(offset, Number(BigInt.asUintN(8, big)));
  };
  if (bool && size === 1) return { size, write, read: (v, o) => v.getUint8(o) !== 0 };
  switch (size) {
    case 1:
      return { size, write, read: signed ? (v, o) => v.getInt8(o) : (v, o) => v.getUint8(o) };
    case 2:
      return {
        size,
        write,
        read: signed ? (v, o) => v.getInt16(o, little) : (v, o) => v.getUint16(o, little),
      };
    case 4:
      return {
        size,
        write,
        read: signed ? (v, o) => v.getInt32(o, little) : (v, o) => v.getUint32(o, little),
      };
    default: {
      const big = signed
        ? (v: DataView, o: number) => v.getBigInt64(o, little)
        : (v: DataView, o: number) => v.getBigUint64(o, little);
      return { size, write, read: asNumber ? (v, o) => Number(big(v, o)) : big };
    }
  }
}

/** An integer that does not fill its bytes: a bit-field, an `__int128`, an odd-sized INT. */
function bitsCodec(
  { bytes, bits, bitOffset, signed, bool }: IntLayout,
  little: boolean,
  asNumber: boolean,
  check: Check,
): ValueCodec {
  const first = bitOffset >> 3;
  const span = ((bitOffset + bits + 7) >> 3) - first;
  const inner = bitOffset & 7;
  const shift = BigInt(little ? inner : span * 8 - inner - bits);
  const mask = (1n << BigInt(bits)) - 1n;
  const at = (i: number): number => first + (little ? span - 1 - i : i);

  const load = (view: DataView, offset: number): bigint => {
    let raw = 0n;
    for (let i = 0; i < span; i++) raw = (raw << 8n) | BigInt(view.getUint8(offset + at(i)));
    return raw;
  };
  return {
    size: bytes,
    read(view, offset) {
      const raw = (load(view, offset) >> shift) & mask;
      const value = signed ? BigInt.asIntN(bits, raw) : raw;
      if (bool) return value !== 0n;
      return bits > 32 && !asNumber ? value : Number(value);
    },
    write(view, offset, value, path) {
      const raw = BigInt.asUintN(bits, check(value, path)) << shift;
      let whole = (load(view, offset) & ~(mask << shift)) | raw;
      for (let i = span - 1; i >= 0; i--, whole >>= 8n) view.setUint8(offset + at(i), Number(whole & 0xffn));
    },
  };
}

/** Codec of an enum: a number, or its name; both are written. */
export function enumCodec({ int, name, byName, names }: EnumShape, little: boolean): ValueCodec {
  const inner = intCodec(int, little);
  return {
    size: inner.size,
    read(view, offset) {
      const value = inner.read(view, offset);
      return names?.get(Number(value)) ?? value;
    },
    write(view, offset, value, path) {
      const number = typeof value === 'string' ? byName.get(value) : value;
      if (number === undefined)
        throw wrongValue(path, value, `enum ${name} (${[...byName.keys()].join(', ')})`);
      inner.write(view, offset, number, path);
    },
  };
}
