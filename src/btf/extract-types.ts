import { BtfMerger } from './merge.js';
import type { BtfType, BtfTypes } from './types.js';

/** BTF of its own, and the ids that types have in it by those that they had. */
export interface ExtractedTypes {
  readonly bytes: Uint8Array;
  readonly ids: ReadonlyMap<number, number>;
}

/**
 * Copies types with all that they are made of, and nothing else, declaration tags neither: as much of a kernel's BTF as describes a map. What a pointer points to is
 * only declared. Throws FormatError for an id that is not there.
 */
export function extractTypes(
  btf: BtfTypes,
  roots: readonly number[],
  endian: 'little' | 'big',
): ExtractedTypes {
  const types = new Map<number, BtfType>();
  reach(btf, roots, types, whole);
  const behind = [...types.values()].flatMap(type => (type.kind === 'ptr' ? [type.type] : []));
  reach(btf, behind, types, declared);
  const kept = [...types.values()].filter(type => type.kind !== 'void');
  const ids = new Map(kept.map(({ id }, index) => [id, index + 1]));
  const merger = new BtfMerger(endian);
  for (const type of kept) merger.addType(type, ref => ids.get(ref) ?? 0);
  return { bytes: merger.bytes(), ids };
}

function reach(
  btf: BtfTypes,
  from: readonly number[],
  types: Map<number, BtfType>,
  as: (type: BtfType) => BtfType,
): void {
  const open = [...from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (types.has(id)) continue;
    const type = as(btf.type(id));
    types.set(id, type);
    open.push(...madeOf(type, as === declared));
  }
}

const whole = (type: BtfType): BtfType => type;

function declared(type: BtfType): BtfType {
  const { id, name } = type;
  if (type.kind === 'struct' || type.kind === 'union')
    return name ? { kind: 'fwd', id, name, of: type.kind } : { kind: 'void', id, name };
  return type.kind === 'func_proto' ? { kind: 'void', id, name } : type;
}

function madeOf(type: BtfType, throughPointers: boolean): number[] {
  switch (type.kind) {
    case 'ptr':
      return throughPointers ? [type.type] : [];
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'typedef':
    case 'type_tag':
      return [type.type];
    case 'array':
      return [type.type, type.indexType];
    case 'struct':
    case 'union':
      return type.members.map(member => member.type);
    default:
      return [];
  }
}
