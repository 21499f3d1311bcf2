import type { BtfTypes } from '../types.js';
import { essentialName } from './essential-name.js';
import { sameKind } from './types-compatible.js';

/** A BTF that relocations are resolved against: that of the kernel, or of a module. */
export interface CoreTarget {
  /** `vmlinux`, or the module's name. */
  readonly name: string;
  readonly btf: BtfTypes;
}

/** A type of a target that a type of the object may mean. */
export interface Candidate {
  readonly target: CoreTarget;
  readonly id: number;
}

/** The types of the targets with the name and kind of a type of the object, flavours aside; those of the first target that has any (libbpf: bpf_core_find_cands). */
export function findCandidates(local: BtfTypes, typeId: number, targets: Iterable<CoreTarget>): Candidate[] {
  const type = local.type(typeId);
  const name = essentialName(type.name);
  const candidates: Candidate[] = [];
  let first = true;
  for (const target of targets) {
    for (const id of target.btf.findFlavours(name))
      if (sameKind(target.btf.type(id), type)) candidates.push({ target, id });
    if (first && candidates.length > 0) break;
    first = false;
  }
  return candidates;
}
