import type { BtfEnum, BtfEnum64 } from '../types.js';
import type { Names } from './dump-c-names.js';

const MODES = new Map([
  [1, 'byte'],
  [2, 'HI'],
  [4, 'SI'],
  [8, 'DI'],
]);

/** The definition of an enum; without values only its name. */
export function enumBody(type: BtfEnum | BtfEnum64, name: string, names: Names, level: number): string {
  const head = name ? `enum ${name}` : 'enum';
  if (type.values.length === 0) return head;
  const tabs = '\t'.repeat(level);
  const values = type.values.map(v => `\n${tabs}\t${names.enumerator(v.name)} = ${literal(v.value)},`);
  const mode = type.size === naturalSize(type) ? undefined : MODES.get(type.size);
  return `${head} {${values.join('')}\n${tabs}}${mode ? ` __attribute__((mode(${mode})))` : ''}`;
}

function literal(value: number | bigint): string {
  if (typeof value === 'number') return String(value);
  // There is no literal for the least 64-bit integer: C reads its digits before the sign.
  if (value === -(1n << 63n)) return `${value + 1n}LL - 1`;
  return `${value}${value < 0n ? 'LL' : 'ULL'}`;
}

/** Bytes that a compiler takes for an enum of these values when it is not told. */
function naturalSize({ values }: BtfEnum | BtfEnum64): number {
  let least = 0n;
  let most = 0n;
  for (const { value } of values) {
    const wide = BigInt(value);
    if (wide < least) least = wide;
    if (wide > most) most = wide;
  }
  return least >= -(1n << 31n) && most < (least < 0n ? 1n << 31n : 1n << 32n) ? 4 : 8;
}
