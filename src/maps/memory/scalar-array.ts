import type { BtfTypes } from '../../btf/index.js';

/** A typed array of the engine over scalars in memory. */
export type ScalarArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

type ScalarArrayClass = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ScalarArray;
};

const signedInts: Readonly<Record<number, ScalarArrayClass>> = {
  1: Int8Array,
  2: Int16Array,
  4: Int32Array,
  8: BigInt64Array,
};
const unsignedInts: Readonly<Record<number, ScalarArrayClass>> = {
  1: Uint8Array,
  2: Uint16Array,
  4: Uint32Array,
  8: BigUint64Array,
};
const floats: Readonly<Record<number, ScalarArrayClass>> = { 4: Float32Array, 8: Float64Array };

/**
 * A typed array over `size` bytes of a view, in the machine's byte order, which hold a scalar or (nested) arrays of scalars of one type: integers, bool
 * and char (as their bytes), enums, floats, pointers; bytes where there is no BTF. Nothing is copied. Throws TypeError for any other type, and where
 * the machine's typed arrays cannot begin.
 */
export function scalarArray(
  btf: BtfTypes | undefined,
  typeId: number | undefined,
  view: DataView,
  offset: number,
  size: number,
  what: string,
): ScalarArray {
  const type = btf && typeId ? scalarClass(btf, typeId) : Uint8Array;
  if (!type) throw new TypeError(`${what}: only scalars and arrays of them have typed arrays`);
  const array = arrayAt(type, view, offset, size);
  if (array) return array;
  throw new TypeError(
    `${what}: begins at byte ${view.byteOffset + offset}, no multiple of its elements' ${type.BYTES_PER_ELEMENT} bytes`,
  );
}

/** {@link scalarArray} of integers and floats, undefined where there is none. */
export function numberArray(
  btf: BtfTypes,
  typeId: number,
  view: DataView,
  offset: number,
  size: number,
): ScalarArray | undefined {
  const { kind, ...rest } = btf.resolved(typeId);
  if ((kind !== 'int' && kind !== 'float') || ('bool' in rest && rest.bool)) return undefined;
  const type = scalarClass(btf, typeId);
  return type && arrayAt(type, view, offset, size);
}

function arrayAt(
  type: ScalarArrayClass,
  view: DataView,
  offset: number,
  size: number,
): ScalarArray | undefined {
  const start = view.byteOffset + offset;
  if (start % type.BYTES_PER_ELEMENT !== 0) return undefined;
  return new type(view.buffer, start, size / type.BYTES_PER_ELEMENT);
}

function scalarClass(btf: BtfTypes, typeId: number): ScalarArrayClass | undefined {
  const type = btf.resolved(typeId);
  switch (type.kind) {
    case 'array':
      return scalarClass(btf, type.type);
    case 'int':
      if (type.offset !== 0 || type.bits !== type.size * 8) return type.bool ? Uint8Array : undefined;
      return (type.signed && !type.bool ? signedInts : unsignedInts)[type.size];
    case 'enum':
    case 'enum64':
      return (type.signed ? signedInts : unsignedInts)[type.size];
    case 'float':
      return floats[type.size];
    case 'ptr':
      return BigUint64Array;
    default:
      return undefined;
  }
}
