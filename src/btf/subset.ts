import { BpfCoreReloKind } from '../abi/index.js';
import type { Btf } from './btf.js';
import { type AccessSpec, isFieldKind } from './core/access-spec.js';
import { BtfMerger } from './merge.js';
import type { BtfType, BtfTypes } from './types.js';

/** Type ids, and for structs and unions the indexes of the members that are needed. */
export type UsedTypes = ReadonlyMap<number, ReadonlySet<number>>;

/**
 * What CO-RE relocations need of a kernel's types: `targets` are what they were resolved to (`CoreResolution.target`), all of one BTF. The
 * rules are those of `bpftool gen min_core_btf`: of a struct only the members on the way to a field, nothing behind a pointer, unless it is
 * asked for whether a whole type is there or matches.
 */
export function typesUsedByCore(targets: Iterable<AccessSpec>): UsedTypes {
  const used = new Map<number, Set<number>>();
  for (const target of targets) {
    const { kind, btf, rootTypeId } = target;
    if (isFieldKind(kind)) useField(used, target);
    else if (kind === BpfCoreReloKind.BPF_CORE_TYPE_MATCHES) useMatched(used, btf, rootTypeId);
    else if (kind !== BpfCoreReloKind.BPF_CORE_TYPE_ID_LOCAL) useType(used, btf, rootTypeId, true);
  }
  return used;
}

/**
 * A small BTF with the types and members that are used, others that they refer to made `void`: what objects need to be relocated for a kernel
 * that has no BTF of its own. Sizes and offsets stay. Throws FormatError for a type that `target` does not have.
 */
export function minCoreBtf(target: Btf, used: UsedTypes): Uint8Array {
  const kept = [...used.keys()].sort((a, b) => a - b);
  const ids = new Map(kept.map((id, index) => [id, index + 1]));
  const merger = new BtfMerger(target.endian);
  for (const id of kept) merger.addType(withMembers(target.type(id), used.get(id)), ref => ids.get(ref) ?? 0);
  return merger.bytes();
}

function withMembers(type: BtfType, used: ReadonlySet<number> | undefined): BtfType {
  if (type.kind !== 'struct' && type.kind !== 'union') return type;
  const members = type.members.filter((_, index) => used?.has(index));
  // Without the flag offsets have all 32 bits.
  const kindFlag = members.some(({ bitOffset, bitSize }) => bitSize > 0 || bitOffset % 8 !== 0);
  return { ...type, members, kindFlag };
}

type Used = Map<number, Set<number>>;

/** True when the type was not used before. */
function use(used: Used, id: number): boolean {
  if (id === 0 || used.has(id)) return false;
  used.set(id, new Set());
  return true;
}

function useField(used: Used, { btf, rootTypeId, steps }: AccessSpec): void {
  let id = rootTypeId;
  useType(used, btf, id, false);
  for (const index of steps.slice(1)) {
    const type = btf.resolved(id);
    if (type.kind === 'array') id = type.type;
    else if (type.kind === 'struct' || type.kind === 'union') {
      use(used, type.id);
      used.get(type.id)?.add(index);
      id = type.members[index]?.type ?? 0;
      useType(used, btf, id, false);
    }
  }
}

/** The type, and those that it is made of; what a pointer points to if asked for. */
function useType(used: Used, btf: BtfTypes, id: number, followPointers: boolean): void {
  const open = [id];
  const seen = new Set<number>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    use(used, next);
    const type = btf.type(next);
    if (type.kind !== 'ptr' || followPointers) open.push(...madeOf(type));
  }
}

/** The type with all its members, and the types of those; structs behind a pointer without members. */
function useMatched(used: Used, btf: BtfTypes, id: number): void {
  const open = [{ id, behindPtr: false }];
  const seen = new Set<string>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const key = `${next.id} ${next.behindPtr}`;
    if (seen.has(key)) continue;
    seen.add(key);
    use(used, next.id);
    const type = btf.type(next.id);
    if (type.kind === 'struct' || type.kind === 'union') {
      if (next.behindPtr) continue;
      for (const [index, member] of type.members.entries()) {
        used.get(next.id)?.add(index);
        open.push({ id: member.type, behindPtr: false });
      }
    } else {
      const keeps = type.kind !== 'array' && type.kind !== 'func_proto';
      for (const ref of madeOf(type))
        open.push({ id: ref, behindPtr: type.kind === 'ptr' || (keeps && next.behindPtr) });
    }
  }
}

/** The types that a type refers to, but not those of the members of a struct. */
function madeOf(type: BtfType): number[] {
  switch (type.kind) {
    case 'ptr':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'typedef':
    case 'type_tag':
      return [type.type];
    case 'array':
      return [type.type, type.indexType];
    case 'func_proto':
      return [type.type, ...type.params.map(param => param.type)];
    default:
      return [];
  }
}
