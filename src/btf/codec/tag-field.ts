import {
  type EnumShape,
  type IntLayout,
  type IntShape,
  isWhole,
  type Shape,
  type StructShape,
} from './value-shape.js';

/** The field of a struct that tells of which type a record is. */
export interface TagField {
  /** Bytes from the start of the record. */
  readonly offset: number;
  /** Reads as a number, or, of more than 32 bits, as a bigint. */
  readonly shape: IntShape;
  readonly names: ReadonlyMap<string, number | bigint>;
  readonly little: boolean;
}

/** The field of a struct by its name, or by a path of names. `what` says in an error whose it is. */
export function fieldOf(struct: Shape, little: boolean, path: string, what: string): TagField {
  let found: Place = { offset: 0, shape: struct };
  for (const name of path.split('.')) {
    const next: Place | undefined = found.shape.kind === 'struct' ? memberOf(found.shape, name) : undefined;
    if (!next) throw new TypeError(`${what}: ${nameOf(struct)} has no member ${path}`);
    found = { offset: found.offset + next.offset, shape: next.shape };
  }
  const { offset, shape } = found;
  if (shape.kind !== 'int' && shape.kind !== 'enum')
    throw new TypeError(`${what}: ${path} is neither an integer nor an enum`);
  const names: EnumShape['byName'] = shape.kind === 'enum' ? shape.byName : new Map();
  return { offset, shape: tagShape(shape.kind === 'enum' ? shape.int : shape), names, little };
}

interface Place {
  readonly offset: number;
  readonly shape: Shape;
}

function memberOf(struct: StructShape, name: string): Place | undefined {
  for (const m of struct.members) {
    if (!m.inline && m.name === name) return m;
    const inner = m.inline ? memberOf(m.shape as StructShape, name) : undefined;
    if (inner) return { offset: m.offset + inner.offset, shape: inner.shape };
  }
  return undefined;
}

function nameOf(shape: Shape): string {
  return shape.kind === 'struct' ? shape.name : `what is no struct but ${shape.kind}`;
}

/** The field alone: a bit-field has the size of its struct, which differs by type. */
function tagShape(int: IntShape): IntShape {
  const { layout } = int;
  const bytes = isWhole(layout) ? layout.bytes : Math.ceil((layout.bitOffset + layout.bits) / 8);
  return { ...int, size: bytes, layout: { ...layout, bytes, bool: false }, asNumber: false };
}

/** Whether fields of two types are read alike. */
export function isAlike(a: TagField, b: TagField): boolean {
  const keys: (keyof IntLayout)[] = ['bytes', 'bits', 'bitOffset', 'signed'];
  return (
    a.offset === b.offset &&
    a.little === b.little &&
    keys.every(key => a.shape.layout[key] === b.shape.layout[key])
  );
}

/** Where and what a field is: `u32 at byte 4`. */
export function placeOf({ offset, shape: { layout } }: TagField): string {
  const place = layout.bitOffset ? `byte ${offset}, bit ${layout.bitOffset}` : `byte ${offset}`;
  return `${layout.signed ? 's' : 'u'}${layout.bits} at ${place}`;
}

/** The value of a field that a name, or a number as text, stands for. */
export function tagValue(text: string, { names, shape }: TagField, path: string): number | bigint {
  const value = names.get(text) ?? (/^(-?\d+|0x[\da-f]+)$/i.test(text) ? BigInt(text) : undefined);
  const { bits, signed } = shape.layout;
  const fits = (whole: bigint) =>
    (signed ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole)) === whole;
  if (value === undefined || !fits(BigInt(value))) {
    const known = names.size ? ` (its names are ${[...names.keys()].join(', ')})` : '';
    throw new TypeError(`${text} is no value of ${path}${known}`);
  }
  return bits > 32 ? BigInt(value) : Number(value);
}
