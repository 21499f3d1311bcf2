import type { BtfTypes } from './types.js';

/** How a C programmer would write the type: `struct event`, `u32`, `const char *`, `int[4]`. A name without end, of types that go round in a circle, ends in `…`. */
export function typeName(btf: BtfTypes, id: number): string {
  return named(btf, id, { left: 100 });
}

/** `left` is how many types the name may still speak of. */
function named(btf: BtfTypes, id: number, limit: { left: number }): string {
  if (limit.left-- <= 0) return '…';
  const type = btf.type(id);
  switch (type.kind) {
    case 'void':
      return 'void';
    case 'ptr':
      return `${named(btf, type.type, limit)} *`.replace('* *', '**');
    case 'array':
      return `${named(btf, type.type, limit)}[${type.nelems}]`;
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
      return `${type.kind} ${named(btf, type.type, limit)}`;
    case 'type_tag':
      return named(btf, type.type, limit);
    case 'func_proto': {
      const params = type.params.map(p => (p.type ? named(btf, p.type, limit) : '...')).join(', ');
      return `${named(btf, type.type, limit)} (${params})`;
    }
    case 'var':
      return `${named(btf, type.type, limit)} ${type.name}`;
    default:
      return type.name || '(anon)';
  }
}
