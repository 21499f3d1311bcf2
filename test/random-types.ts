import type { Btf } from '../src/btf/index.js';
import type { BtfMember } from '../src/btf/types.js';
import { array, enumeration, makeBtf, type NewType, pointer } from './make-types.js';

/** The same numbers on every run. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    // Multiplied and shifted, lest a number tell about the next.
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * below);
  };
}

type Next = (below: number) => number;

const scalars: readonly [name: string, size: number, signed: boolean, more?: object][] = [
  ['u8', 1, false],
  ['s8', 1, true],
  ['u16', 2, false],
  ['s16', 2, true],
  ['u32', 4, false],
  ['s32', 4, true],
  ['u64', 8, false],
  ['s64', 8, true],
  ['u128', 16, false],
  ['char', 1, true, { char: true }],
  ['_Bool', 1, false, { bool: true }],
  ['u24', 4, false, { bits: 24 }],
];

const names = ['a', 'b', '__proto__', 'constructor', 'toJSON', '0', 'x y', '"', '\u2028', 'then'];

interface Sized {
  readonly id: number;
  readonly size: number;
}

/** BTF of random structs and unions: packed or not, nested, anonymous, of bit-fields, arrays and text, with members of odd names. */
export function randomTypes(seed: number, count: number, endian: 'little' | 'big'): Btf {
  const next = random(seed);
  const types: NewType[] = [];
  const known: Sized[] = [];
  const add = (type: NewType, size: number): Sized => {
    const made = { id: types.push(type), size };
    known.push(made);
    return made;
  };
  for (const [name, size, signed, more = {}] of scalars)
    add(
      {
        kind: 'int',
        name,
        size,
        bits: size * 8,
        offset: 0,
        signed,
        char: false,
        bool: false,
        ...more,
      } as NewType,
      size,
    );
  add({ kind: 'float', name: 'float', size: 4 }, 4);
  add({ kind: 'float', name: 'double', size: 8 }, 8);
  add(enumeration('color', { RED: 1, GREEN: 2, BLUE: 3 }), 4);
  add(enumeration('sign', { MINUS: -1, ZERO: 0 }), 4);
  add(pointer(1), 8);
  for (let i = 0; i < count; i++) {
    const element = known[next(known.length)] as Sized;
    if (next(3) === 0 && element.size < 200) {
      const length = next(next(4) ? 5 : 80);
      add(array(element.id, length), element.size * length);
    } else if (next(4) === 0) {
      const length = next(70);
      add(array(10, length), length);
    } else compound(next, known, add, `t${i}`);
  }
  return makeBtf(types, { endian });
}

function compound(
  next: Next,
  known: readonly Sized[],
  add: (type: NewType, size: number) => Sized,
  name: string,
): void {
  const isUnion = next(5) === 0;
  const isPacked = next(3) === 0;
  const members: BtfMember[] = [];
  let end = 0;
  let size = 0;
  const count = next(8);
  for (let i = 0; i < count; i++) {
    const own = `${names[next(names.length * 2)] ?? `m${i}`}${next(10) ? i : ''}`;
    if (next(4) === 0) {
      const type = [1, 2, 3, 4, 5, 6, 7, 8, 11, 15][next(10)] as number;
      const bits =
        1 +
        next([8, 8, 16, 16, 32, 32, 64, 64, 1, 32][[1, 2, 3, 4, 5, 6, 7, 8, 11, 15].indexOf(type)] as number);
      members.push({ name: own, type, bitOffset: isUnion ? 0 : end, bitSize: bits });
      end += bits;
    } else {
      const member = known[next(known.length)] as Sized;
      const align = isPacked ? 8 : 8 * Math.min(8, 1 << next(4));
      end = Math.ceil(end / align) * align;
      const isStruct = member.id > scalars.length + 5 && next(3) === 0;
      members.push({ name: isStruct ? '' : own, type: member.id, bitOffset: isUnion ? 0 : end, bitSize: 0 });
      end += member.size * 8;
    }
    size = Math.max(size, end);
    if (isUnion) end = 0;
    if (size > 8 * 500) break;
  }
  const bytes = Math.ceil(size / 8) + next(3);
  add({ kind: isUnion ? 'union' : 'struct', name, size: bytes, kindFlag: true, members }, bytes);
}
