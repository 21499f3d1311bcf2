import {
  AmbiguousTarget,
  accessPath,
  accessText,
  type CoreRelocation,
  type CoreResolution,
  CoreResolver,
  type CoreTarget,
  type LineInfo,
  RelocationFault,
  typeName,
  whyMissing,
} from '../../btf/index.js';
import { FormatError } from '../../errors/index.js';
import { insnSize } from '../../insn/index.js';
import type { FunctionSpec, ObjectSpec } from '../types.js';
import { patchInsn } from './core-patch.js';
import { CoreRelocationError } from './core-relocation-error.js';
import type { KernelView } from './kernel-view.js';
import type { PoisonedInsn } from './plan-types.js';

/** What became of one CO-RE relocation. */
export interface CoreOutcome {
  /** The program or subprog, and the slot in it. */
  readonly func: string;
  readonly index: number;
  /** What is accessed, as C would write it: `struct task_struct.pid`. */
  readonly path: string;
  readonly resolution: CoreResolution;
  /** True when the instruction was made one that the verifier refuses where it can be reached. */
  readonly poisoned: boolean;
  /** For a poisoned one, what the kernel lacks. */
  readonly reason: string | undefined;
  /** `opensnoop.bpf.c:42: pid = task->pid;` */
  readonly source: string | undefined;
}

/** What people want to know of an outcome is worked out when they ask: most loads end well. */
class Outcome implements CoreOutcome {
  readonly resolution: CoreResolution;
  readonly index: number;
  poisoned = false;
  readonly #function: FunctionSpec;
  #reason: string | undefined;

  constructor(f: FunctionSpec, index: number, resolution: CoreResolution) {
    this.#function = f;
    this.index = index;
    this.resolution = resolution;
  }

  get func(): string {
    return this.#function.name;
  }

  get path(): string {
    return accessPath(this.resolution.local);
  }

  get reason(): string | undefined {
    if (!this.poisoned) return undefined;
    this.#reason ??= this.resolution.target
      ? 'the kernel has it in another size, which this load or store cannot access: read it by BPF_CORE_READ_BITFIELD or bpf_core_read'
      : whyMissing(this.resolution);
    return this.#reason;
  }

  get source(): string | undefined {
    return sourceLine(this.#function.lineInfo, this.resolution.relocation.insnOffset);
  }
}

/** Applies the CO-RE relocations of an object's functions for one kernel. */
export class CoreRelocator {
  readonly #spec: ObjectSpec;
  readonly #kernel: KernelView;
  readonly #outcomes = new Map<CoreRelocation, Outcome>();
  #resolver: CoreResolver | undefined;

  constructor(spec: ObjectSpec, kernel: KernelView) {
    this.#spec = spec;
    this.#kernel = kernel;
  }

  /** True when an offline view has no kernel BTF: relocations are then left as the compiler wrote them. */
  get isBlind(): boolean {
    return this.#kernel.offline === true && !this.#kernel.btf;
  }

  /**
   * Patches the instructions of a function, of which the first is in slot `start` of a program in this machine's byte order. Throws
   * CoreRelocationError for a relocation that cannot be applied; one that the kernel has nothing for makes its instruction invalid instead, which
   * does not matter where it is not reached. Those are returned.
   */
  apply(f: FunctionSpec, insns: Uint8Array, start: number): PoisonedInsn[] {
    const found: PoisonedInsn[] = [];
    if (this.isBlind) return found;
    const own = insns.subarray(start * insnSize, start * insnSize + f.insns.length);
    for (const relocation of f.coreRelocations) {
      const index = (relocation.insnOffset - f.sectionOffset) / insnSize;
      const outcome = this.#outcomeOf(f, index, relocation);
      const { resolution } = outcome;
      outcome.poisoned = this.#attempt(f, relocation, resolution, () => {
        if (!Number.isInteger(index)) throw new RelocationFault('it is in the middle of an instruction');
        return patchInsn(own, index, resolution.values);
      });
      if (outcome.poisoned) found.push(new PoisonedAccess(start + index, outcome));
    }
    return found;
  }

  /** Every relocation that was applied so far. */
  get outcomes(): readonly CoreOutcome[] {
    return [...this.#outcomes.values()];
  }

  #outcomeOf(f: FunctionSpec, index: number, relocation: CoreRelocation): Outcome {
    let outcome = this.#outcomes.get(relocation);
    if (!outcome) {
      const resolution = this.#attempt(f, relocation, undefined, () =>
        this.#theResolver().resolve(relocation),
      );
      outcome = new Outcome(f, index, resolution);
      this.#outcomes.set(relocation, outcome);
    }
    return outcome;
  }

  #theResolver(): CoreResolver {
    const { btf } = this.#spec;
    const { release } = this.#kernel;
    if (!btf) throw new RelocationFault('the object has no BTF');
    if (!this.#kernel.btf)
      throw new RelocationFault(
        `kernel ${release} shows no BTF to look in (CONFIG_DEBUG_INFO_BTF): give one that describes it`,
      );
    this.#resolver ??= new CoreResolver(
      btf,
      targetsOf(this.#kernel),
      [...this.#spec.programs, ...this.#spec.subprogs].flatMap(f => f.coreRelocations),
    );
    return this.#resolver;
  }

  /** Does what may fail for the object's or the kernel's types. */
  #attempt<T>(
    f: FunctionSpec,
    relocation: CoreRelocation,
    resolution: CoreResolution | undefined,
    action: () => T,
  ): T {
    try {
      return action();
    } catch (cause) {
      if (!(cause instanceof RelocationFault || cause instanceof FormatError)) throw cause;
      const { file, btf } = this.#spec;
      const { insnOffset, typeId, access } = relocation;
      const unresolved = btf ? `${typeName(btf, typeId)} (${access})` : 'a type';
      const targets =
        cause instanceof AmbiguousTarget
          ? [cause.first, cause.second]
          : resolution?.target
            ? [resolution.target]
            : [];
      throw new CoreRelocationError(
        {
          file,
          func: f.name,
          index: (insnOffset - f.sectionOffset) / insnSize,
          path: resolution ? accessPath(resolution.local) : unresolved,
          reason: cause.message,
          source: sourceLine(f.lineInfo, insnOffset),
          ...(resolution ? { local: accessText(resolution.local) } : {}),
          targets: targets.map(accessText),
        },
        { cause },
      );
    }
  }
}

class PoisonedAccess implements PoisonedInsn {
  readonly index: number;
  readonly #outcome: CoreOutcome;

  constructor(index: number, outcome: CoreOutcome) {
    this.index = index;
    this.#outcome = outcome;
  }

  get missing(): string {
    return `${this.#outcome.path}: ${this.#outcome.reason}`;
  }

  get source(): string | undefined {
    return this.#outcome.source;
  }
}

function targetsOf(kernel: KernelView): Iterable<CoreTarget> {
  return {
    *[Symbol.iterator]() {
      if (kernel.btf) yield { name: 'vmlinux', btf: kernel.btf };
      yield* kernel.modules ?? [];
    },
  };
}

/** The line that an instruction was compiled from. */
function sourceLine(lines: readonly LineInfo[], insnOffset: number): string | undefined {
  const line = lines.findLast(l => l.insnOffset <= insnOffset);
  if (!line) return undefined;
  return `${line.file.split('/').at(-1)}:${line.line}: ${line.text.trim()}`;
}
