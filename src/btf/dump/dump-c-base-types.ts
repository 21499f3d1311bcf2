import { FormatError } from '../../errors/index.js';
import type { BtfFloat, BtfInt } from '../types.js';

const WORDS = new Set([
  'char',
  'short',
  'int',
  'long',
  'signed',
  'unsigned',
  '__int128',
  '_Bool',
  'float',
  'double',
  '_Complex',
]);

const SPELLINGS = new Map([
  [1, 'char'],
  [2, 'short'],
  [4, 'int'],
  [8, 'long long'],
  [16, '__int128'],
]);

/** Whether a C compiler knows the type by its name: not `bool`, Rust's `u32`, or gcc's `__Poly8_t`. */
export function isCType({ name }: BtfInt | BtfFloat): boolean {
  return name.split(' ').every(word => WORDS.has(word));
}

/** The C type of the same size that stands in for one that {@link isCType} does not know. Throws FormatError when there is none. */
export function standIn(type: BtfInt | BtfFloat): string {
  if (type.kind === 'int' && type.bool && type.size === 1) return '_Bool';
  const spelling = SPELLINGS.get(type.size);
  if (!spelling)
    throw new FormatError(`${type.kind} ${type.name || '(anon)'}: C has no type of ${type.size} bytes`, {
      section: '.BTF',
      field: `type ${type.id}`,
    });
  return `${type.kind === 'int' && type.signed ? 'signed' : 'unsigned'} ${spelling}`;
}
