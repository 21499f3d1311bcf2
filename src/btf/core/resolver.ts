import { BpfCoreReloKind } from '../../abi/index.js';
import type { BtfTypes, CoreRelocation } from '../types.js';
import { type AccessSpec, parseAccess } from './access-spec.js';
import { type Candidate, CandidateSearch, type CoreTarget } from './candidates.js';
import { matchAccess } from './match-access.js';
import { RelocationFault } from './relocation-fault.js';
import { type CoreValues, coreValues } from './relocation-value.js';

/** What became of a relocation against a kernel. */
export interface CoreResolution {
  readonly relocation: CoreRelocation;
  readonly values: CoreValues;
  /** What is accessed, in the object's types. */
  readonly local: AccessSpec;
  /** The same in the kernel's; undefined when no candidate has it. */
  readonly target: AccessSpec | undefined;
  /** The kernel's types of this name: those that have it, or, when none has, all. */
  readonly candidates: readonly Candidate[];
}

/** Two candidates that have the access, but not at the same place or of the same value. */
export class AmbiguousTarget extends RelocationFault {
  readonly first: AccessSpec;
  readonly second: AccessSpec;

  constructor(first: AccessSpec, second: AccessSpec) {
    super(`the kernel's types [${first.rootTypeId}] and [${second.rootTypeId}] of this name do not agree`);
    this.first = first;
    this.second = second;
  }
}

/**
 * Resolves the CO-RE relocations of one object against one kernel (libbpf: bpf_core_calc_relo_insn). Candidates are looked for once for each
 * type; those that do not have one field are not asked for the next.
 */
export class CoreResolver {
  readonly #local: BtfTypes;
  readonly #search: CandidateSearch;
  readonly #candidates = new Map<number, Candidate[]>();
  readonly #resolutions = new Map<CoreRelocation, CoreResolution>();

  /**
   * `targets` are gone through until candidates are found: vmlinux comes first, modules after it. `relocations` are those that may be resolved, as
   * far as they are known: their types are looked for together.
   */
  constructor(
    local: BtfTypes,
    targets: Iterable<CoreTarget>,
    relocations: readonly Pick<CoreRelocation, 'typeId'>[] = [],
  ) {
    this.#local = local;
    this.#search = new CandidateSearch(
      local,
      targets,
      relocations.map(r => r.typeId),
    );
  }

  /** Throws RelocationFault for a relocation that makes no sense and for ambiguous targets ({@link AmbiguousTarget}), FormatError for damaged BTF. */
  resolve(relocation: CoreRelocation): CoreResolution {
    let resolution = this.#resolutions.get(relocation);
    if (!resolution) {
      resolution = this.#resolve(relocation);
      this.#resolutions.set(relocation, resolution);
    }
    return resolution;
  }

  #resolve(relocation: CoreRelocation): CoreResolution {
    const local = parseAccess(this.#local, relocation);
    if (relocation.kind === BpfCoreReloKind.BPF_CORE_TYPE_ID_LOCAL)
      return { relocation, values: coreValues(local, local), local, target: local, candidates: [] };
    const candidates = this.#candidatesOf(relocation.typeId);
    const matching: Candidate[] = [];
    let target: AccessSpec | undefined;
    let values: CoreValues | undefined;
    for (const candidate of candidates) {
      const found = matchAccess(local, candidate.target.btf, candidate.id);
      if (!found) continue;
      const foundValues = coreValues(local, found);
      if (target && values) {
        if (
          found.bitOffset !== target.bitOffset ||
          foundValues.poison !== values.poison ||
          foundValues.after !== values.after
        )
          throw new AmbiguousTarget(target, found);
      } else {
        target = found;
        values = foundValues;
      }
      matching.push(candidate);
    }
    if (matching.length > 0) this.#candidates.set(relocation.typeId, matching);
    return {
      relocation,
      values: values ?? coreValues(local, undefined),
      local,
      target,
      candidates: matching.length > 0 ? matching : candidates,
    };
  }

  #candidatesOf(typeId: number): Candidate[] {
    let candidates = this.#candidates.get(typeId);
    if (!candidates) {
      if (this.#local.type(typeId).name === '')
        throw new RelocationFault('types without a name cannot be looked for in the kernel');
      candidates = this.#search.find(typeId);
      this.#candidates.set(typeId, candidates);
    }
    return candidates;
  }
}
