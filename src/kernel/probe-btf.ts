import { hostEndian } from '../abi/index.js';
import { type BtfLinkage, type BtfType, encodeBtf } from '../btf/index.js';

const named = { id: 0, name: 'x' };
const anonymous = { id: 0, name: '' };
const int: BtfType = {
  ...named,
  kind: 'int',
  size: 4,
  bits: 32,
  offset: 0,
  signed: true,
  char: false,
  bool: false,
};

/** A type of each kind that some kernel does not know, as small as can be; a number in the arguments is a type id. */
export const kind = {
  funcProto: (): BtfType => ({ ...anonymous, kind: 'func_proto', type: 0, params: [] }),
  func: (type: number, linkage: BtfLinkage): BtfType => ({ ...named, kind: 'func', type, linkage }),
  var: (type: number): BtfType => ({ ...named, kind: 'var', type, linkage: 'static' }),
  /** A DATASEC of one 4-byte variable. */
  datasec: (type: number, name = 'x'): BtfType => ({
    id: 0,
    name,
    kind: 'datasec',
    size: 4,
    vars: [{ type, offset: 0, size: 4 }],
  }),
  emptyDatasec: (): BtfType => ({ ...named, kind: 'datasec', size: 4, vars: [] }),
  float: (): BtfType => ({ ...named, kind: 'float', size: 4 }),
  declTag: (type: number, kindFlag = false): BtfType => ({
    ...named,
    kind: 'decl_tag',
    type,
    componentIdx: -1,
    kindFlag,
  }),
  typeTag: (type: number, kindFlag = false): BtfType => ({ ...named, kind: 'type_tag', type, kindFlag }),
  enum64: (): BtfType => ({
    ...named,
    kind: 'enum64',
    size: 8,
    signed: false,
    values: [{ name: 'x', value: 1n }],
  }),
};

/** A blob of `int`, which is type 1, and the types given. */
export function btfBlob(...types: readonly BtfType[]): Uint8Array {
  return encodeBtf([int, ...types], hostEndian);
}
