import { RawbpfError } from '../errors/index.js';
import { reachableSlots } from '../insn/index.js';
import type { KernelView } from './plan/kernel-view.js';
import { planLoad } from './plan/plan.js';
import type { LinkedInsns, Plan, PoisonedInsn } from './plan/plan-types.js';
import { isLinkedInsns } from './plan/plan-values.js';
import type { CoreOutcome } from './plan/relocate-core.js';
import type { ObjectSpec, ProgramSpec } from './types.js';

/** Something that a program refers to and a kernel does not have. */
export interface MissingFromKernel extends PoisonedInsn {
  /** True when a condition that is false on this kernel keeps the program from it. */
  readonly guarded: boolean;
}

/** What can be told of a program on a kernel without loading it. */
export interface ProgramCheck {
  readonly program: ProgramSpec;
  /** Why it cannot be loaded; undefined when nothing is known that speaks against it. The verifier may still find something else. */
  readonly refused: string | undefined;
  readonly missing: readonly MissingFromKernel[];
}

/** What can be told of an object on a kernel without loading it. */
export interface ObjectCheck {
  readonly programs: readonly ProgramCheck[];
  /** What became of each CO-RE relocation of the programs that could be linked. */
  readonly relocations: readonly CoreOutcome[];
}

/**
 * Plans every program of an object for a kernel by itself, and looks whether what the kernel lacks can be reached. Pure, as the planning is:
 * the kernel need not be this one. Refused for what depends on the kernel's types (CO-RE relocations, kfuncs, attach targets), not for what only
 * its verifier knows.
 */
export function checkObject(spec: ObjectSpec, kernel: KernelView): ObjectCheck {
  const relocations = new Map<string, CoreOutcome>();
  const programs = spec.programs.map(program => {
    let plan: Plan;
    try {
      plan = planLoad(spec, kernel, { programs: [program.name], pinRoot: false });
    } catch (error) {
      if (error instanceof RawbpfError) return { program, refused: error.message, missing: [] };
      throw error;
    }
    for (const outcome of plan.coreRelocations) relocations.set(`${outcome.func} ${outcome.index}`, outcome);
    const missing = missingFrom(plan, program.name);
    const reached = missing.find(m => !m.guarded);
    const at = reached?.source ? `, at ${reached.source}` : '';
    return { program, refused: reached && `it reaches ${reached.missing}${at}`, missing };
  });
  return { programs, relocations: [...relocations.values()] };
}

/** What the kernel that a plan is for lacks, of what a program of it refers to. */
export function missingFrom({ object, steps }: Plan, program: string): MissingFromKernel[] {
  const step = steps.find(s => s.makes === `prog:${program}`);
  const insns = step?.attr['insns'];
  if (!step?.poisoned || insns === undefined || !isLinkedInsns(insns)) return [];
  const reachable = reachableSlots(insns.bytes, slot => readOnlyMemory(object, insns, slot));
  return step.poisoned.map(({ index, missing, source }) => ({
    index,
    missing,
    source,
    guarded: !reachable[index],
  }));
}

/** The verifier takes values out of frozen maps for constants. Those of `.kconfig` are another kernel's. */
function readOnlyMemory({ maps }: ObjectSpec, { fixups }: LinkedInsns, slot: number): Uint8Array | undefined {
  const fd = fixups.find(f => f.index === slot)?.ref.fd;
  const internal = maps.find(map => `map:${map.name}` === fd)?.internal;
  return internal?.kind === 'rodata' ? internal.bytes : undefined;
}
