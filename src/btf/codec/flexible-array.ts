import type { BtfValue } from '../types.js';
import { closures } from './codec-closures.js';
import { memberOf } from './codec-compound.js';
import { at, type CodecSource } from './codec-source.js';
import type { ReadSource } from './codec-source-read.js';
import { textAt } from './interned-text.js';
import type { ArrayShape, CharsShape, MemberShape, Shape, StructShape } from './value-shape.js';

const encoder = new TextEncoder();

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

/** Reads the array of a struct at an offset: as much as a record of `length` bytes holds, nothing if that is not known. */
type ReadTail = (view: DataView, offset: number, length?: number) => BtfValue;

/** {@link ReadTail} by closures. */
export function elementsReader({ shape, offset: start }: FlexibleArray, little: boolean): ReadTail {
  if (shape.kind === 'chars')
    return (view, offset, length = Number.NaN) => readText(view, offset + start, length - start);
  const { size, read } = closures(shape.element, little);
  return (view, offset, length = Number.NaN) =>
    readElements(read, size, view, offset + start, length - start);
}

/** Expression that does the same, of a view `v`, an offset `o` and a length `l`. */
export function elementsSource(source: CodecSource, reads: ReadSource, flexible: FlexibleArray): string {
  const { shape, offset } = flexible;
  const place = `v, ${at(offset)}, l - ${offset}`;
  if (shape.kind === 'chars') return `${source.constant(readText)}(${place})`;
  const element = reads.reader(shape.element);
  return `${source.constant(readElements)}(${element}, ${shape.element.size}, ${place})`;
}

type ReadElement = (view: DataView, offset: number, words: null) => BtfValue;

function readElements(
  read: ReadElement,
  size: number,
  view: DataView,
  offset: number,
  room: number,
): BtfValue[] {
  const values: BtfValue[] = [];
  for (let end = offset + room; offset + size <= end; offset += size) values.push(read(view, offset, null));
  return values;
}

function readText(view: DataView, offset: number, room: number): string {
  return room > 0 ? textAt(view, offset, room) : '';
}

/** Elements that a value gives the array; text has a NUL. */
export function elementCount({ name }: FlexibleArray, value: unknown): number {
  const given = typeof value === 'object' && value !== null ? memberOf(value, name) : undefined;
  if (typeof given === 'string') return encoder.encode(given).length + 1;
  return Array.isArray(given) || given instanceof Uint8Array ? given.length : 0;
}

/** The struct with that many elements in its flexible array. */
export function withElements(struct: StructShape, count: number): StructShape {
  const last = struct.members.at(-1) as MemberShape;
  const shape = last.inline ? withElements(last.shape as StructShape, count) : ofCount(last.shape, count);
  const size = Math.max(struct.size, last.offset + shape.size);
  return { ...struct, size, members: [...struct.members.slice(0, -1), { ...last, shape }] };
}

function ofCount(shape: Shape, count: number): Shape {
  if (shape.kind !== 'array') return { ...shape, size: count } as Shape;
  return { ...shape, count, size: count * shape.element.size };
}
