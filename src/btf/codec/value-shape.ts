/** How an integer is stored: bytes of storage, and where in them its bits are (both in bits). */
export interface IntLayout {
  readonly bytes: number;
  readonly bits: number;
  /** From the least significant bit on little endian, from the most significant on big endian. */
  readonly bitOffset: number;
  readonly signed: boolean;
  readonly bool: boolean;
}

interface Sized {
  /** Bytes of a value; of a bit-field, those of the struct that it is in. */
  readonly size: number;
}

export interface IntShape extends Sized {
  readonly kind: 'int';
  readonly layout: IntLayout;
  /** How an error names the type. */
  readonly name: string;
  /** Reads as a number whatever its bits. */
  readonly asNumber: boolean;
}

export interface EnumShape extends Sized {
  readonly kind: 'enum';
  readonly int: IntShape;
  readonly name: string;
  readonly byName: ReadonlyMap<string, number | bigint>;
  /** Names by value, where values read as names. */
  readonly names: ReadonlyMap<number, string> | undefined;
}

export interface FloatShape extends Sized {
  readonly kind: 'float';
}

/** `char[size]`: text. */
export interface CharsShape extends Sized {
  readonly kind: 'chars';
}

export interface ArrayShape extends Sized {
  readonly kind: 'array';
  readonly element: Shape;
  readonly count: number;
}

/** A member; `offset` in bytes from the start of the struct. */
export interface MemberShape {
  readonly name: string;
  readonly offset: number;
  readonly shape: Shape;
  /** An anonymous struct or union: its members are read into and written from the outer object. */
  readonly inline: boolean;
}

/** A struct, union or DATASEC. */
export interface StructShape extends Sized {
  readonly kind: 'struct';
  readonly name: string;
  readonly members: readonly MemberShape[];
  /** Members in bytes that other members have, too, or in bits of such: writing one must leave the others' alone. */
  readonly overlaps: boolean;
}

/** What of a type matters to its values: sizes, offsets and names, checked to fit. Each type of a codec has one, shared wherever it occurs. */
export type Shape = IntShape | EnumShape | FloatShape | CharsShape | ArrayShape | StructShape;

/** Whether an integer fills its bytes, and they are as many as DataView reads at once. */
export function isWhole({ bits, bytes, bitOffset }: IntLayout): boolean {
  return bits === bytes * 8 && bitOffset === 0 && [1, 2, 4, 8].includes(bytes);
}
