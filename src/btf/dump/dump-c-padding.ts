import type { Hole } from './dump-c-layout.js';
import { roundUp } from './dump-c-layout.js';

const UNITS: readonly (readonly [name: string, bits: number])[] = [
  ['char', 8],
  ['short', 16],
  ['int', 32],
  ['long', 64],
];
export const LONG = 64;
/** A page full of `long: 64;` is what other dumps print, too; more is one array. */
const MAX_BITS = 4096 * 8;

/** Unnamed bit-fields that fill a hole; CO-RE and `offsetof` do not see them. A hole of more than `limit` bits is filled by one array. */
export function* padding(
  { from, to }: Hole,
  packed: boolean,
  limit = MAX_BITS,
): Generator<string, void, undefined> {
  if (to - from > limit) {
    const start = roundUp(from, 8);
    if (start > from) yield unnamed(start - from);
    yield `char __hole_${start / 8}[${(to - start) / 8}];`;
    return;
  }
  let at = from;
  // A bit-field of all 64 bits begins at the next multiple of 8 bytes by itself.
  if (!packed && roundUp(at, LONG) + LONG <= to) at = roundUp(at, LONG);
  while (at < to) {
    const width = Math.min(to - at, packed ? LONG : LONG - (at % LONG));
    yield unnamed(width, packed ? 0 : at);
    at += width;
  }
}

/** A bit-field of the smallest type that can hold it where it begins. */
function unnamed(width: number, at = 0): string {
  const [name] = UNITS.find(([, bits]) => (at % bits) + width <= bits) ?? ['long'];
  return `${name}: ${width};`;
}
