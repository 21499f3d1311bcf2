import {
  AmbiguousTarget,
  accessPath,
  accessText,
  type CoreRelocation,
  type CoreResolution,
  CoreResolver,
  type CoreTarget,
  type LineInfo,
  typeName,
  whyMissing,
} from '../btf/index.js';
import { FormatError } from '../errors/index.js';
import { insnSize } from '../insn/index.js';
import { patchInsn } from './core-patch.js';
import { CoreRelocationError } from './core-relocation-error.js';
import type { KernelView } from './kernel-view.js';
import type { PoisonedInsn } from './plan-types.js';
import type { FunctionSpec, ObjectSpec } from './types.js';

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

/** Applies the CO-RE relocations of an object's functions for one kernel. */
export class CoreRelocator {
  readonly #spec: ObjectSpec;
  readonly #kernel: KernelView;
  readonly #outcomes = new Map<CoreRelocation, CoreOutcome>();
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
      const { resolution, ...place } = this.#outcomeOf(f, index, relocation);
      const poisoned = this.#attempt(place, resolution, () => {
        if (!Number.isInteger(index)) throw new TypeError('it is in the middle of an instruction');
        return patchInsn(own, index, resolution.values);
      });
      if (!poisoned) continue;
      const reason = resolution.target
        ? 'the kernel has it in another size, which this load or store cannot access: read it by BPF_CORE_READ_BITFIELD or bpf_core_read'
        : whyMissing(resolution);
      this.#outcomes.set(relocation, { ...place, resolution, poisoned, reason });
      found.push({ index: start + index, missing: `${place.path}: ${reason}`, source: place.source });
    }
    return found;
  }

  /** Every relocation that was applied so far. */
  get outcomes(): readonly CoreOutcome[] {
    return [...this.#outcomes.values()];
  }

  #outcomeOf(f: FunctionSpec, index: number, relocation: CoreRelocation): CoreOutcome {
    const known = this.#outcomes.get(relocation);
    if (known) return known;
    const { btf } = this.#spec;
    const path = btf ? `${typeName(btf, relocation.typeId)} (${relocation.access})` : 'a type';
    const place = { func: f.name, index, path, source: sourceLine(f.lineInfo, relocation.insnOffset) };
    const resolution = this.#attempt(place, undefined, () => this.#theResolver().resolve(relocation));
    const outcome: CoreOutcome = {
      ...place,
      path: accessPath(resolution.local),
      resolution,
      poisoned: false,
      reason: undefined,
    };
    this.#outcomes.set(relocation, outcome);
    return outcome;
  }

  #theResolver(): CoreResolver {
    const { btf } = this.#spec;
    const { release } = this.#kernel;
    if (!btf) throw new TypeError('the object has no BTF');
    if (!this.#kernel.btf)
      throw new TypeError(
        `kernel ${release} shows no BTF to look in (CONFIG_DEBUG_INFO_BTF): give one that describes it`,
      );
    this.#resolver ??= new CoreResolver(
      btf,
      targetsOf(this.#kernel),
      [...this.#spec.programs, ...this.#spec.subprogs].flatMap(f => f.coreRelocations),
    );
    return this.#resolver;
  }

  #attempt<T>(
    { func, index, path, source }: Omit<CoreOutcome, 'resolution' | 'poisoned' | 'reason'>,
    resolution: CoreResolution | undefined,
    action: () => T,
  ): T {
    try {
      return action();
    } catch (cause) {
      if (!(cause instanceof TypeError || cause instanceof FormatError)) throw cause;
      const { file } = this.#spec;
      const targets =
        cause instanceof AmbiguousTarget
          ? [cause.first, cause.second]
          : resolution?.target
            ? [resolution.target]
            : [];
      throw new CoreRelocationError(
        {
          file,
          func,
          index,
          path,
          reason: cause.message,
          source,
          ...(resolution ? { local: accessText(resolution.local) } : {}),
          targets: targets.map(accessText),
        },
        { cause },
      );
    }
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
