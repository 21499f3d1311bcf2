import { textAt } from './interned-text.js';
import type { BtfValue } from './types.js';
import type { ArrayShape, CharsShape, StructShape } from './value-shape.js';

/** The flexible array that ends a struct: `char data[]` or `struct x items[]`. */
export interface FlexibleArray {
  readonly name: string;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  readonly shape: ArrayShape | CharsShape;
}

/** The last member of a struct, also within anonymous structs, if it is an array without a length. */
export function flexibleArray(struct: StructShape, offset = 0): FlexibleArray | undefined {
  const last = struct.members.at(-1);
  if (!last) return undefined;
  const start = offset + last.offset;
  if (last.inline) {
    const inner = last.shape as StructShape;
    return inner.overlaps ? undefined : flexibleArray(inner, start);
  }
  const { name, shape } = last;
  if (shape.kind === 'chars' && shape.size === 0) return { name, offset: start, shape };
  if (shape.kind === 'array' && shape.count === 0 && shape.element.size > 0)
    return { name, offset: start, shape };
  return undefined;
}

type Read = (view: DataView, offset: number, words: null) => BtfValue;

/** Reads as many elements of `size` bytes as the `room` bytes of a record hold; none if it is not known how many there are. */
export function readElements(
  read: Read,
  size: number,
  view: DataView,
  offset: number,
  room: number,
): BtfValue[] {
  const values: BtfValue[] = [];
  for (let end = offset + room; offset + size <= end; offset += size) values.push(read(view, offset, null));
  return values;
}

/** Reads the text in the `room` bytes of a record, up to its NUL. */
export function readText(view: DataView, offset: number, room: number): string {
  return room > 0 ? textAt(view, offset, room) : '';
}
