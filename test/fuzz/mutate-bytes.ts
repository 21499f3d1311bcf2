import type { Random } from './random.js';

/** Numbers at which lengths, offsets and indexes go wrong. */
const edges = [
  0, 1, 2, 3, 4, 7, 8, 16, 0x7f, 0x80, 0xff, 0x100, 0xfff1, 0xffff, 0x10000, 0xffffff, 0x1000000, 0x7fffffff,
  0x80000000, 0xfffffff0, 0xfffffffe, 0xffffffff,
];

/** A number to put in place of `old`: an edge, a neighbour, one bit off, something within `limit`, or anything. */
export function wrongNumber(random: Random, old: number, limit: number): number {
  switch (random.below(6)) {
    case 0:
      return random.pick(edges);
    case 1:
      return (old + random.below(17) - 8) >>> 0;
    case 2:
      return (old ^ (1 << random.below(32))) >>> 0;
    case 3:
      return random.u32();
    default:
      return random.below(limit + 2);
  }
}

/** Overwrites an integer of 1, 2, 4 or 8 bytes by a wrong one. */
export function mutateField(
  random: Random,
  view: DataView,
  at: number,
  size: number,
  little: boolean,
  limit: number,
): void {
  if (at < 0 || at + size > view.byteLength) return;
  if (size === 1) view.setUint8(at, wrongNumber(random, view.getUint8(at), limit) & 0xff);
  else if (size === 2)
    view.setUint16(at, wrongNumber(random, view.getUint16(at, little), limit) & 0xffff, little);
  else if (size === 4) view.setUint32(at, wrongNumber(random, view.getUint32(at, little), limit), little);
  else {
    const low = at + (little ? 0 : 4);
    view.setUint32(low, wrongNumber(random, view.getUint32(low, little), limit), little);
    if (random.below(8) === 0) view.setUint32(at + (little ? 4 : 0), random.pick(edges), little);
  }
}

/** Damages bytes without regard to what they mean; may return a shorter or longer array. */
export function mutateBytes(random: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = random.below(bytes.length);
  switch (random.below(8)) {
    case 0:
      bytes[at] = random.u32();
      return bytes;
    case 1:
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    case 2:
    case 3:
      mutateField(random, view, at & ~3, 4, random.below(8) !== 0, bytes.length);
      return bytes;
    case 4:
      bytes.fill(random.pick([0, 0x41, 0xff]), at, at + 1 + random.below(64));
      return bytes;
    case 5: {
      const length = 1 + random.below(64);
      bytes.copyWithin(at, random.below(bytes.length), random.below(bytes.length) + length);
      return bytes;
    }
    case 6:
      return bytes.slice(0, at);
    default: {
      const piece = bytes.subarray(at, at + 4 * random.below(32));
      const longer = new Uint8Array(bytes.length + piece.length);
      longer.set(bytes.subarray(0, at + piece.length));
      longer.set(bytes.subarray(at), at + piece.length);
      return longer;
    }
  }
}
