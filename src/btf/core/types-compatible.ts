import type { BtfType, BtfTypes } from '../types.js';

/** How deep types may nest (BPF_CORE_SPEC_MAX_LEN in libbpf). */
const maxDepth = 32;

/**
 * Whether a type of an object and one of a kernel are of the same kinds all the way down: names of structs and enums do not count, nor do sizes
 * of integers (libbpf: bpf_core_types_are_compat).
 */
export function typesAreCompatible(
  local: BtfTypes,
  localId: number,
  target: BtfTypes,
  targetId: number,
  depth = maxDepth,
): boolean {
  for (; depth > 0; depth--) {
    const a = local.resolved(localId);
    const b = target.resolved(targetId);
    if (!sameKind(a, b)) return false;
    switch (a.kind) {
      case 'void':
      case 'struct':
      case 'union':
      case 'fwd':
      case 'enum':
      case 'enum64':
        return true;
      case 'int':
        return a.offset === 0 && b.kind === 'int' && b.offset === 0;
      case 'ptr':
      case 'array':
        localId = a.type;
        targetId = (b as typeof a).type;
        break;
      case 'func_proto': {
        const other = b as typeof a;
        if (a.params.length !== other.params.length) return false;
        for (const [index, param] of a.params.entries()) {
          const theirs = other.params[index]?.type ?? 0;
          if (!typesAreCompatible(local, param.type, target, theirs, depth - 1)) return false;
        }
        localId = a.type;
        targetId = other.type;
        break;
      }
      default:
        return false;
    }
  }
  return false;
}

/** Enums of both sizes count as one kind. */
export function sameKind(a: BtfType, b: BtfType): boolean {
  return a.kind === b.kind || (isEnum(a) && isEnum(b));
}

function isEnum({ kind }: BtfType): boolean {
  return kind === 'enum' || kind === 'enum64';
}
