import type { Shape, StructShape } from './value-shape.js';

interface Bytes {
  readonly offset: number;
  readonly size: number;
}

const known = new WeakMap<StructShape, boolean>();

/** Whether members have bytes in common, also those of anonymous structs and unions. */
export function hasOverlaps(struct: StructShape): boolean {
  let made = known.get(struct);
  if (made === undefined) {
    made = struct.overlaps || struct.members.some(m => m.inline && hasOverlaps(m.shape as StructShape));
    known.set(struct, made);
  }
  return made;
}

/** The padding of a struct of `size` bytes: what no member has. */
export function unusedBytes(members: readonly { offset: number; shape: Shape }[], size: number): Bytes[] {
  const gaps: Bytes[] = [];
  let end = 0;
  for (const { offset, shape } of [...members].sort((a, b) => a.offset - b.offset)) {
    if (offset > end) gaps.push({ offset: end, size: offset - end });
    end = Math.max(end, offset + shape.size);
  }
  if (size > end) gaps.push({ offset: end, size: size - end });
  return gaps;
}
