import { hostEndian } from '../../../abi/index.js';
import type { MapBytes, UpdateMode } from '../../../maps/index.js';
import { parseExactJson } from '../../exact-json-parse.js';
import { Refusal } from '../../refusal.js';
import type { Words } from '../../words.js';

const modes: Readonly<Record<string, UpdateMode>> = { any: 'any', noexist: 'noExist', exist: 'exist' };
export const modeWords: readonly string[] = Object.keys(modes);

/** Takes `any`, `noexist` or `exist`, or nothing. */
export function takeMode(words: Words): UpdateMode | undefined {
  const word = modeWords.find(word => words.skip(word));
  return word === undefined ? undefined : modes[word];
}

/** Takes what follows the word `key`: the bytes of a key. Throws Refusal. */
export function takeKeyData(words: Words, map: MapBytes): Uint8Array {
  return dataOf(words.until('value', ...modeWords), {
    what: `map ${map.name}: key`,
    size: map.keySize,
    isTyped: map.keyTypeId !== 0,
    encode: value => map.encodeKey(value),
  });
}

/** Takes what follows the word `value`: the bytes of a value (per-CPU: of one, for all CPUs). Throws Refusal. */
export function takeValueData(words: Words, map: MapBytes): Uint8Array {
  const one = dataOf(words.until('key', ...modeWords), {
    what: `map ${map.name}: value`,
    size: map.valueSize,
    isTyped: map.valueTypeId !== 0,
    encode: value => map.encodeValue(value),
  });
  return map.forAllCpus(one);
}

interface Target {
  /** What it is, for messages. */
  readonly what: string;
  readonly size: number;
  readonly isTyped: boolean;
  encode(value: unknown): Uint8Array;
}

/**
 * DATA of a command line. Bytes as bpftool takes them go first: `hex` and two digits each, or as many numbers as there are bytes. Else one word is a
 * value as JSON has it, encoded by the map's BTF; a word that is no JSON is text (`10.0.0.0/8`, an enumerator). Where there is no BTF it is a number.
 */
function dataOf(words: readonly string[], target: Target): Uint8Array {
  const [first, ...rest] = words;
  if (first === 'hex')
    return exactly(
      rest.map(word => byteOf(word, 16, target)),
      target,
    );
  const bytes = words.map(word => asByte(word, 10));
  if (words.length === target.size && bytes.every(byte => byte !== undefined)) return Uint8Array.from(bytes);
  if (words.length === 1 && first !== undefined) return typed(first, target);
  return exactly(
    words.map(word => byteOf(word, 10, target)),
    target,
  );
}

function exactly(bytes: readonly number[], target: Target): Uint8Array {
  const { what, size } = target;
  if (bytes.length === size) return Uint8Array.from(bytes);
  throw new Refusal(`${what}: ${bytes.length} bytes are given, it has ${size}${advice(target)}`);
}

function byteOf(word: string, base: 10 | 16, target: Target): number {
  const byte = asByte(word, base);
  if (byte === undefined) throw new Refusal(`${target.what}: ${word} is no byte${advice(target)}`);
  return byte;
}

/** As strtoul(3) reads it: hexadecimal digits, or where the base is not told `0x1f`, `017` and `15`. */
function asByte(word: string, base: 10 | 16): number | undefined {
  const forms: readonly (readonly [RegExp, number])[] =
    base === 16
      ? [[/^(?:0x)?([\da-f]+)$/i, 16]]
      : [
          [/^0x([\da-f]+)$/i, 16],
          [/^0([0-7]+)$/, 8],
          [/^(\d+)$/, 10],
        ];
  for (const [form, radix] of forms) {
    const digits = form.exec(word)?.[1];
    const number = digits === undefined ? Number.NaN : Number.parseInt(digits, radix);
    if (number <= 0xff) return number;
  }
  return undefined;
}

function typed(word: string, target: Target): Uint8Array {
  const value = jsonOrText(word, target);
  try {
    return (target.isTyped ? undefined : integer(value, target.size)) ?? target.encode(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const reason = target.isTyped ? error.message : `${target.what}: ${word} does not fit`;
    throw new Refusal(`${reason}${advice(target)}`, { cause: error });
  }
}

/** A whole number in the machine's byte order, where nothing tells what the bytes are but their number suits; undefined for what is none. */
function integer(value: unknown, size: number): Uint8Array | undefined {
  const number = typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
  if (typeof number !== 'bigint' || ![1, 2, 4, 8].includes(size)) return undefined;
  const unsigned = BigInt.asUintN(8 * size, number);
  if (number !== unsigned && number !== BigInt.asIntN(8 * size, number)) return undefined;
  const bytes = Array.from({ length: size }, (_, i) => Number((unsigned >> BigInt(8 * i)) & 0xffn));
  return Uint8Array.from(hostEndian === 'little' ? bytes : bytes.reverse());
}

function jsonOrText(word: string, { what }: Target): unknown {
  if (/^0x[\da-f]+$/i.test(word)) return Number.isSafeInteger(Number(word)) ? Number(word) : BigInt(word);
  try {
    return parseExactJson(word);
  } catch (error) {
    if (!/^[[{"]/.test(word)) return word;
    throw new Refusal(`${what}: ${word} is not JSON: ${(error as SyntaxError).message}`, { cause: error });
  }
}

function advice({ size, isTyped }: Target): string {
  const bytes = `its ${size} bytes (1 2 0x3, or hex 01 02 03)`;
  if (isTyped) return `; give ${bytes}, or one word of JSON by its BTF`;
  const number = [1, 2, 4, 8].includes(size) ? ', or one number of that size' : '';
  return `; the map has no BTF for it: give ${bytes}${number}`;
}
