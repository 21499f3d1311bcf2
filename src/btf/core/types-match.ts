import type { BtfStruct, BtfType, BtfTypes } from '../types.js';
import { isComposite, isEnum } from './access-spec.js';
import type { Budget } from './budget.js';
import { essentialName } from './essential-name.js';
import { RelocationFault } from './relocation-fault.js';

/** How deep types may nest, and how many pointers may follow one another. */
const maxDepth = 32;

/** The two BTFs that are compared. */
export interface Compared {
  readonly local: BtfTypes;
  readonly target: BtfTypes;
  readonly budget: Budget;
}

/**
 * Whether a type of an object matches one of a kernel (BPF_CORE_TYPE_MATCHES; libbpf: bpf_core_types_match): all members and values that the
 * object knows are there, of matching types, in whatever order. Behind a pointer only names and kinds count.
 * Throws RelocationFault for types nested too deep.
 */
export function typesMatch(
  compared: Compared,
  localId: number,
  targetId: number,
  behindPointer = false,
  level = maxDepth,
): boolean {
  if (level <= 0) throw new RelocationFault('the types are nested too deep to be compared');
  const { local, target, budget } = compared;
  for (let depth = 0; depth < maxDepth; depth++) {
    budget.spend();
    const a = local.resolved(localId);
    const b = target.resolved(targetId);
    if (!namesMatch(a.name, b.name)) return false;
    if (a.kind === 'fwd') return forwardMatches(a.of, b, behindPointer);
    if (isEnum(a)) return isEnum(b) && enumsMatch(a, b);
    if (isComposite(a)) {
      if (!behindPointer) return a.kind === b.kind && compositesMatch(compared, a, b as BtfStruct, level);
      return a.kind === b.kind || (b.kind === 'fwd' && b.of === a.kind);
    }
    if (a.kind !== b.kind) return false;
    switch (a.kind) {
      case 'void':
        return true;
      case 'int': {
        const other = b as typeof a;
        return a.size === other.size && a.signed === other.signed;
      }
      case 'ptr':
        behindPointer = true;
        break;
      case 'array':
        if (a.nelems !== (b as typeof a).nelems) return false;
        break;
      case 'func_proto': {
        const { params } = b as typeof a;
        if (a.params.length !== params.length) return false;
        for (const [index, param] of a.params.entries())
          if (!typesMatch(compared, param.type, params[index]?.type ?? 0, behindPointer, level - 1))
            return false;
        break;
      }
      default:
        return false;
    }
    localId = a.type;
    targetId = (b as typeof a).type;
  }
  throw new RelocationFault('the types are nested too deep to be compared');
}

/** A forward declaration stands for its struct or union behind a pointer only. */
function forwardMatches(of: 'struct' | 'union', target: BtfType, behindPointer: boolean): boolean {
  if (target.kind === 'fwd') return target.of === of;
  return behindPointer && target.kind === of;
}

function enumsMatch(
  a: Extract<BtfType, { kind: 'enum' | 'enum64' }>,
  b: Extract<BtfType, { kind: 'enum' | 'enum64' }>,
): boolean {
  if (a.size !== b.size || a.values.length > b.values.length) return false;
  const names = new Set(b.values.map(v => essentialName(v.name)));
  return a.values.every(v => names.has(essentialName(v.name)));
}

function compositesMatch(compared: Compared, a: BtfStruct, b: BtfStruct, level: number): boolean {
  if (a.members.length > b.members.length) return false;
  return a.members.every(member =>
    b.members.some(
      other =>
        namesMatch(member.name, other.name) &&
        typesMatch(compared, member.type, other.type, false, level - 1),
    ),
  );
}

/** Names without their flavours; a type without a name matches only another. */
function namesMatch(local: string, target: string): boolean {
  return essentialName(local) === essentialName(target);
}
