import type { BtfTypes } from '../btf/index.js';

/** What a `.kconfig` extern can hold (libbpf: find_kcfg_type). */
export type KconfigType = 'bool' | 'char' | 'int' | 'tristate' | 'string';

/** The values of `enum libbpf_tristate` (src/bpf_helpers.h). */
const tristate: Readonly<Record<string, bigint>> = { n: 0n, y: 1n, m: 2n };

/** What a type can hold of the kernel's configuration; undefined when nothing. */
export function kconfigType(btf: BtfTypes, typeId: number): KconfigType | undefined {
  const type = btf.resolved(typeId);
  switch (type.kind) {
    case 'int':
      if (type.bool) return type.size === 1 ? 'bool' : undefined;
      if (type.size === 1) return 'char';
      return [2, 4, 8].includes(type.size) ? 'int' : undefined;
    case 'enum':
      return type.size === 4 && type.name === 'libbpf_tristate' ? 'tristate' : undefined;
    case 'enum64':
      return type.name === 'libbpf_tristate' ? 'tristate' : undefined;
    case 'array':
      return type.nelems > 0 && kconfigType(btf, type.type) === 'char' ? 'string' : undefined;
    default:
      return undefined;
  }
}

/**
 * The bytes of an extern for the text of its option as the kernel's configuration has it: `y`, `m`, `n`, `"text"` or an integer (libbpf:
 * bpf_object__process_kconfig_line). Throws TypeError when the type of the extern cannot hold it.
 */
export function encodeKconfigText(btf: BtfTypes, typeId: number, text: string): Uint8Array {
  const type = kconfigType(btf, typeId);
  const implies = (types: string) => new TypeError(`the value ${text} implies ${types}, the type is ${type}`);
  if (/^[ynm]/.test(text)) {
    const letter = text.charAt(0);
    if (type === 'bool' && letter !== 'm') return encodeInt(btf, typeId, letter === 'y' ? 1n : 0n);
    if (type === 'tristate') return encodeInt(btf, typeId, tristate[letter] ?? 0n);
    if (type === 'char') return encodeInt(btf, typeId, BigInt(letter.charCodeAt(0)));
    throw implies(letter === 'm' ? 'a tristate or char' : 'a bool, tristate or char');
  }
  if (text.startsWith('"')) {
    if (type !== 'string') throw implies('an array of char');
    if (text.length < 2 || !text.endsWith('"')) throw new TypeError(`the string ${text} has no end`);
    const bytes = new Uint8Array(btf.sizeOf(typeId));
    bytes.set(new TextEncoder().encode(text.slice(1, -1)).subarray(0, bytes.length - 1));
    return bytes;
  }
  if (type !== 'int' && type !== 'char') throw implies('an integer');
  return encodeKconfigNumber(btf, typeId, parseInteger(text));
}

/** The bytes of an extern that is a number. Throws TypeError when the type cannot hold it. */
export function encodeKconfigNumber(btf: BtfTypes, typeId: number, value: bigint): Uint8Array {
  const type = kconfigType(btf, typeId);
  if (type !== 'int' && type !== 'char' && type !== 'bool')
    throw new TypeError(`the value ${value} implies an integer, char or bool, the type is ${type}`);
  const int = btf.resolved(typeId);
  const bits = btf.sizeOf(typeId) * 8;
  const signed = int.kind === 'int' && int.signed;
  const fits =
    bits === 64 ||
    (type === 'bool'
      ? value === 0n || value === 1n
      : signed
        ? BigInt.asIntN(bits, value) === BigInt.asIntN(64, value)
        : BigInt.asUintN(bits, value) === BigInt.asUintN(64, value));
  if (!fits) throw new TypeError(`the value ${value} does not fit ${bits} bits`);
  return encodeInt(btf, typeId, value);
}

/** An integer as strtoull(3) reads it with base 0. */
function parseInteger(text: string): bigint {
  const parts = /^\s*([+-]?)(0x[0-9a-f]+|\d+)$/i.exec(text);
  if (!parts) throw new TypeError(`the value ${text} is not an integer`);
  const [, sign, digits = ''] = parts;
  const octal = /^0[0-7]+$/.test(digits);
  if (/^0\d/.test(digits) && !octal) throw new TypeError(`the value ${text} is not an integer`);
  const magnitude = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  if (magnitude >= 1n << 64n) throw new TypeError(`the value ${text} does not fit 64 bits`);
  return sign === '-' ? -magnitude : magnitude;
}

function encodeInt(btf: BtfTypes, typeId: number, value: bigint): Uint8Array {
  const bytes = new Uint8Array(btf.sizeOf(typeId));
  const word = new Uint8Array(8);
  new DataView(word.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  bytes.set(word.subarray(0, bytes.length));
  return btf.endian === 'little' ? bytes : bytes.reverse();
}
