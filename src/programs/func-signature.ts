import type { BtfTypes } from '../btf/index.js';

/** `int handle(void * ctx)` of a function or, without a name, of a function's type, spaced as bpftool does (btf_dumper_type_only); undefined for what has no type that can be written so. */
export function funcSignature(btf: BtfTypes, id: number): string | undefined {
  const func = btf.type(id);
  const proto = func.kind === 'func' ? btf.type(func.type) : func;
  if (proto.kind !== 'func_proto') return undefined;
  try {
    return protoText(btf, proto, func.name);
  } catch (error) {
    if (error instanceof Unwritten) return undefined;
    throw error;
  }
}

/** A kind that bpftool's words have none for. */
class Unwritten extends Error {}

function protoText(
  btf: BtfTypes,
  { type, params }: Extract<ReturnType<BtfTypes['type']>, { kind: 'func_proto' }>,
  name: string,
): string {
  const texts = params.map(param => {
    if (param.type === 0) return '...';
    const text = typeText(btf, param.type);
    return param.name ? text + param.name : text.replace(/ $/, '');
  });
  return `${typeText(btf, type)}${name}(${texts.join(', ')})`;
}

function typeText(btf: BtfTypes, id: number): string {
  if (id === 0) return 'void ';
  const type = btf.type(id);
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'typedef':
      return `${type.name} `;
    case 'struct':
    case 'union':
      return `${type.kind} ${type.name} `;
    case 'enum':
    case 'enum64':
      return `enum ${type.name} `;
    case 'fwd':
      return `${type.of} ${type.name} `;
    case 'array':
      return `${typeText(btf, type.type)}[${type.nelems}]`;
    case 'ptr':
      return `${typeText(btf, type.type)}* `;
    case 'const':
    case 'volatile':
    case 'restrict':
      return `${type.kind} ${typeText(btf, type.type)}`;
    case 'func_proto':
      return protoText(btf, type, '');
    default:
      throw new Unwritten();
  }
}
