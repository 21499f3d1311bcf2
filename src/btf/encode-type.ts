import { KIND } from './kinds.js';
import type { BtfLinkage, BtfType } from './types.js';

const LINKAGES: readonly BtfLinkage[] = ['static', 'global', 'extern'];

/** The words of one type: name, info, size or type, and what follows by kind. `stringOffset` tells where a string is. Throws TypeError for `void`. */
export function encodeType(type: BtfType, stringOffset: (text: string) => number): number[] {
  const name = stringOffset(type.name);
  const head = (sizeOrType: number, vlen = 0, kindFlag = false): number[] => [
    name,
    ((kindFlag ? 0x80000000 : 0) | (KIND[type.kind] << 24) | vlen) >>> 0,
    sizeOrType,
  ];
  switch (type.kind) {
    case 'void':
      throw new TypeError('void is type 0 of every BTF and is not encoded');
    case 'int': {
      const encoding = (type.signed ? 1 : 0) | (type.char ? 2 : 0) | (type.bool ? 4 : 0);
      return [...head(type.size), (encoding << 24) | (type.offset << 16) | type.bits];
    }
    case 'array':
      return [...head(0), type.type, type.indexType, type.nelems];
    case 'struct':
    case 'union': {
      const members = type.members.flatMap(m => [
        stringOffset(m.name),
        m.type,
        (type.kindFlag ? (m.bitSize << 24) | m.bitOffset : m.bitOffset) >>> 0,
      ]);
      return [...head(type.size, type.members.length, type.kindFlag), ...members];
    }
    case 'enum': {
      const values = type.values.flatMap(v => [stringOffset(v.name), v.value >>> 0]);
      return [...head(type.size, type.values.length, type.signed), ...values];
    }
    case 'enum64': {
      const values = type.values.flatMap(v => [
        stringOffset(v.name),
        Number(BigInt.asUintN(32, v.value)),
        Number(BigInt.asUintN(32, v.value >> 32n)),
      ]);
      return [...head(type.size, type.values.length, type.signed), ...values];
    }
    case 'fwd':
      return head(0, 0, type.of === 'union');
    case 'func':
      return head(type.type, linkage(type.linkage));
    case 'func_proto':
      return [
        ...head(type.type, type.params.length),
        ...type.params.flatMap(p => [stringOffset(p.name), p.type]),
      ];
    case 'var':
      return [...head(type.type), linkage(type.linkage)];
    case 'datasec':
      return [...head(type.size, type.vars.length), ...type.vars.flatMap(v => [v.type, v.offset, v.size])];
    case 'float':
      return head(type.size);
    case 'decl_tag':
      return [...head(type.type, 0, type.kindFlag), type.componentIdx >>> 0];
    case 'type_tag':
      return head(type.type, 0, type.kindFlag);
    default:
      return head(type.type);
  }
}

function linkage(value: BtfLinkage): number {
  return typeof value === 'number' ? value : LINKAGES.indexOf(value);
}
