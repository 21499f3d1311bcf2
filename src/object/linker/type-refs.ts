import type { BtfType } from '../../btf/index.js';

/** The same type with every type id that it refers to replaced. */
export function withTypeIds(type: BtfType, replace: (id: number) => number): BtfType {
  switch (type.kind) {
    case 'void':
    case 'int':
    case 'enum':
    case 'enum64':
    case 'fwd':
    case 'float':
      return type;
    case 'array':
      return { ...type, type: replace(type.type), indexType: replace(type.indexType) };
    case 'struct':
    case 'union':
      return { ...type, members: each(type.members, replace) };
    case 'func_proto':
      return { ...type, type: replace(type.type), params: each(type.params, replace) };
    case 'datasec':
      return { ...type, vars: each(type.vars, replace) };
    default:
      return { ...type, type: replace(type.type) };
  }
}

function each<T extends { readonly type: number }>(
  items: readonly T[],
  replace: (id: number) => number,
): T[] {
  return items.map(item => ({ ...item, type: replace(item.type) }));
}
