import { Btf, encodeBtf } from '../src/btf/index.js';
import type { BtfEnum, BtfMember, BtfStruct, BtfType } from '../src/btf/types.js';

/** `int`, for lists of types that are encoded as they are. */
export const intType: Extract<BtfType, { kind: 'int' }> = {
  id: 0,
  kind: 'int',
  name: 'int',
  size: 4,
  bits: 32,
  offset: 0,
  signed: true,
  char: false,
  bool: false,
};

/** A member `[name, type, offset in bits]`, or, for a bit-field, `[name, type, offset in bits, bits]`. */
export type Member = readonly [string, number, number, number?];

/** A struct or union that may have bit-fields, for lists of types that are encoded as they are. */
export function composite(
  kind: 'struct' | 'union',
  name: string,
  size: number,
  members: readonly Member[],
): BtfType {
  return {
    kind,
    id: 0,
    name,
    size,
    kindFlag: true,
    members: members.map(([member, type, bitOffset, bitSize = 0]) => ({
      name: member,
      type,
      bitOffset,
      bitSize,
    })),
  };
}

/** A type without its id, which its place in the list gives. */
export type NewType = BtfType extends infer T ? (T extends BtfType ? Omit<T, 'id'> : never) : never;

/** BTF of these types, which get ids from 1 on; in a blob that is split from a base, from its end on. */
export function makeBtf(
  types: readonly NewType[],
  options: { base?: Btf; endian?: 'little' | 'big' } = {},
): Btf {
  const { base, endian = 'little' } = options;
  const first = base?.endId ?? 1;
  const numbered = types.map((type, i) => ({ ...type, id: first + i }) as BtfType);
  return Btf.parse(encodeBtf(numbered, endian, base), { file: 'made', ...(base ? { base } : {}) });
}

export function int(name: string, size = 4, signed = false): NewType {
  return { kind: 'int', name, size, bits: size * 8, offset: 0, signed, char: false, bool: false };
}

export const pointer = (type: number): NewType => ({ kind: 'ptr', name: '', type });
export const array = (type: number, nelems: number): NewType => ({
  kind: 'array',
  name: '',
  type,
  indexType: 1,
  nelems,
});

/** A struct of members `[name, type, offset in bytes]`, or, for a bit-field, `[name, type, offset in bits, bits]`. */
export function struct(
  name: string,
  size: number,
  ...members: readonly (readonly [string, number, number, number?])[]
): NewType & Pick<BtfStruct, 'members'> {
  const kindFlag = members.some(m => m[3] !== undefined);
  return {
    kind: 'struct',
    name,
    size,
    kindFlag,
    members: members.map(
      ([name, type, offset, bitSize]): BtfMember => ({
        name,
        type,
        bitOffset: bitSize === undefined ? offset * 8 : offset,
        bitSize: bitSize ?? 0,
      }),
    ),
  };
}

export function enumeration(
  name: string,
  values: Readonly<Record<string, number>>,
): NewType & Pick<BtfEnum, 'values'> {
  const list = Object.entries(values).map(([name, value]) => ({ name, value }));
  return { kind: 'enum', name, size: 4, signed: list.some(v => v.value < 0), values: list };
}
