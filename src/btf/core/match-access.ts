import { BpfCoreReloKind } from '../../abi/index.js';
import type { BtfMember, BtfStruct, BtfTypes } from '../types.js';
import {
  type Accessor,
  type AccessSpec,
  isComposite,
  isEnum,
  isEnumKind,
  isFlexibleArray,
  isTypeKind,
  maxSteps,
} from './access-spec.js';
import { Budget } from './budget.js';
import { essentialName } from './essential-name.js';
import { RelocationFault } from './relocation-fault.js';
import { sameKind, typesAreCompatible } from './types-compatible.js';
import { typesMatch } from './types-match.js';

/** An access that is being found in a target. */
interface Draft {
  readonly accessors: Accessor[];
  readonly steps: number[];
  bitOffset: number;
}

/**
 * The same access in a type of the target; undefined when the type does not have it (libbpf: bpf_core_spec_match). Throws RelocationFault for types
 * that cannot be followed.
 */
export function matchAccess(local: AccessSpec, target: BtfTypes, targetId: number): AccessSpec | undefined {
  const whole = { btf: target, kind: local.kind, rootTypeId: targetId };
  const draft: Draft = { accessors: [], steps: [], bitOffset: 0 };
  const budget = new Budget();
  if (isTypeKind(local.kind)) {
    const matches =
      local.kind === BpfCoreReloKind.BPF_CORE_TYPE_MATCHES
        ? typesMatch({ local: local.btf, target, budget }, local.rootTypeId, targetId)
        : typesAreCompatible(local.btf, local.rootTypeId, target, targetId);
    return matches ? { ...whole, ...draft } : undefined;
  }
  const matches = isEnumKind(local.kind)
    ? matchEnumerator(local, target, targetId, draft)
    : matchField(local, target, targetId, draft, budget);
  return matches ? { ...whole, ...draft } : undefined;
}

function matchEnumerator(local: AccessSpec, target: BtfTypes, targetId: number, draft: Draft): boolean {
  const typeId = target.resolve(targetId);
  const type = target.type(typeId);
  if (!isEnum(type)) return false;
  const wanted = essentialName(local.accessors[0]?.name ?? '');
  const index = type.values.findIndex(v => essentialName(v.name) === wanted);
  const value = type.values[index];
  if (!value) return false;
  draft.accessors.push({ typeId, index, name: value.name });
  draft.steps.push(index);
  return true;
}

function matchField(
  local: AccessSpec,
  target: BtfTypes,
  targetId: number,
  draft: Draft,
  budget: Budget,
): boolean {
  let id = targetId;
  for (const [position, accessor] of local.accessors.entries()) {
    id = target.resolve(id);
    if (accessor.name !== undefined) {
      const struct = local.btf.type(accessor.typeId) as BtfStruct;
      const member = struct.members[accessor.index] as BtfMember;
      const next = findMember(local.btf, member, target, id, draft, budget);
      if (next === undefined) return false;
      id = next;
      continue;
    }
    // The first access is of an element of what the pointer points to, the struct itself.
    if (position > 0) {
      const array = target.type(id);
      if (array.kind !== 'array') return false;
      if (accessor.index >= array.nelems && !isFlexibleArray(target, draft.accessors.at(-1), array))
        return false;
      id = target.resolve(array.type);
    }
    step(draft, accessor.index);
    draft.accessors.push({ typeId: id, index: accessor.index, name: undefined });
    draft.bitOffset += accessor.index * target.sizeOf(id) * 8;
  }
  return true;
}

/** Looks for a member by name, in anonymous members too; the type of the one found. A member of the name but of another kind ends the search. */
function findMember(
  local: BtfTypes,
  wanted: BtfMember,
  target: BtfTypes,
  structId: number,
  draft: Draft,
  budget: Budget,
): number | undefined {
  const typeId = target.resolve(structId);
  const struct = target.type(typeId);
  if (!isComposite(struct)) return undefined;
  for (const [index, member] of struct.members.entries()) {
    budget.spend();
    if (member.name !== '' && member.name !== wanted.name) continue;
    step(draft, index);
    draft.bitOffset += member.bitOffset;
    if (member.name === wanted.name) {
      if (fieldsAreCompatible(local, wanted.type, target, member.type)) {
        draft.accessors.push({ typeId, index, name: member.name });
        return member.type;
      }
    } else {
      const found = findMember(local, wanted, target, member.type, draft, budget);
      if (found !== undefined) return found;
    }
    draft.bitOffset -= member.bitOffset;
    draft.steps.pop();
    if (member.name === wanted.name) return undefined;
  }
  return undefined;
}

function step({ steps }: Draft, index: number): void {
  if (steps.length === maxSteps) throw new RelocationFault(`the access takes more than ${maxSteps} steps`);
  steps.push(index);
}

/**
 * Whether a field may stand for another: structs and unions for each other, pointers for pointers, integers whatever their size, enums of one
 * name, arrays by their elements (libbpf: bpf_core_fields_are_compat).
 */
function fieldsAreCompatible(local: BtfTypes, localId: number, target: BtfTypes, targetId: number): boolean {
  for (let depth = 0; depth < maxSteps; depth++) {
    const a = local.resolved(localId);
    const b = target.resolved(targetId);
    if (isComposite(a) && isComposite(b)) return true;
    if (!sameKind(a, b)) return false;
    switch (a.kind) {
      case 'ptr':
      case 'float':
        return true;
      case 'fwd':
      case 'enum':
      case 'enum64': {
        const [ours, theirs] = [essentialName(a.name), essentialName(b.name)];
        return ours === '' || theirs === '' || ours === theirs;
      }
      case 'int':
        return a.offset === 0 && b.kind === 'int' && b.offset === 0;
      case 'array':
        localId = a.type;
        targetId = (b as typeof a).type;
        break;
      default:
        return false;
    }
  }
  return false;
}
