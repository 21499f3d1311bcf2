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

/** Looks for the types of an object in targets. */
export class CandidateSearch {
  readonly #local: BtfTypes;
  readonly #targets: Iterable<CoreTarget>;
  /** The names that will be looked for, as far as they are known: they are looked for together. */
  readonly #names: ReadonlySet<string>;
  readonly #found = new Map<BtfTypes, Map<string, readonly number[]>>();

  constructor(local: BtfTypes, targets: Iterable<CoreTarget>, typeIds: Iterable<number>) {
    this.#local = local;
    this.#targets = targets;
    const names = new Set<string>();
    for (const id of typeIds) if (id < local.endId) names.add(essentialName(local.type(id).name));
    this.#names = names;
  }

  /**
   * The types of the targets with the name and kind of a type of the object, flavours aside; those of the first target when it has any, else of all
   * (libbpf: bpf_core_find_cands).
   */
  find(typeId: number): Candidate[] {
    const type = this.#local.type(typeId);
    const name = essentialName(type.name);
    const candidates: Candidate[] = [];
    let first = true;
    for (const target of this.#targets) {
      for (const id of this.#idsOf(name, target.btf))
        if (sameKind(target.btf.type(id), type)) candidates.push({ target, id });
      if (first && candidates.length > 0) break;
      first = false;
    }
    return candidates;
  }

  #idsOf(name: string, btf: BtfTypes): readonly number[] {
    let found = this.#found.get(btf);
    if (!found?.has(name)) {
      found = new Map([...(found ?? []), ...btf.findFlavours([...(found ? [] : this.#names), name])]);
      this.#found.set(btf, found);
    }
    return found.get(name) ?? [];
  }
}
