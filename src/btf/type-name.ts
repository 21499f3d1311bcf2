import type { BtfTypes } from './types.js';

/** How a C programmer would write the type: `struct event`, `u32`, `const char *`, `int[4]`. Never throws for a damaged reference. */
export function typeName(btf: BtfTypes, id: number, depth = 0): string {
  if (depth > 32) return '…';
  const type = btf.type(id);
  switch (type.kind) {
    case 'void':
      return 'void';
    case 'ptr':
      return `${typeName(btf, type.type, depth + 1)} *`.replace('* *', '**');
    case 'array':
      return `${typeName(btf, type.type, depth + 1)}[${type.nelems}]`;
    case 'struct':
    case 'union':
    case 'enum':
      return `${type.kind} ${type.name || '(anon)'}`;
    case 'enum64':
      return `enum ${type.name || '(anon)'}`;
    case 'fwd':
      return `${type.of} ${type.name}`;
    case 'const':
    case 'volatile':
    case 'restrict':
      return `${type.kind} ${typeName(btf, type.type, depth + 1)}`;
    case 'type_tag':
      return typeName(btf, type.type, depth + 1);
    case 'func_proto': {
      const params = type.params.map(p => (p.type ? typeName(btf, p.type, depth + 1) : '...')).join(', ');
      return `${typeName(btf, type.type, depth + 1)} (${params})`;
    }
    case 'var':
      return `${typeName(btf, type.type, depth + 1)} ${type.name}`;
    default:
      return type.name || '(anon)';
  }
}
