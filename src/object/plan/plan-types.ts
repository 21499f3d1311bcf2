import type { MapSpec, ObjectSpec } from '../types.js';
import type { CoreOutcome } from './relocate-core.js';

/** A file descriptor that an earlier step of the plan makes: `btf`, `map:NAME`, `prog:NAME`. */
export interface FdRef {
  readonly fd: string;
}

/** A pointer to 4-byte fds in memory: the value of an element of a map of maps or a prog array, or an `fd_array`, whose slot 0 is left 0. */
export interface FdPointer {
  readonly pointsTo: FdRef | readonly (FdRef | undefined)[];
}

/** A slot of a program's instructions whose `imm` is an fd known only when the plan runs. */
export interface InsnFixup {
  /** Slot (8 bytes each). */
  readonly index: number;
  readonly ref: FdRef;
}

/** Instructions in this machine's byte order, complete but for the fds in `fixups`. */
export interface LinkedInsns {
  readonly bytes: Uint8Array;
  readonly fixups: readonly InsnFixup[];
}

/** A field of `union bpf_attr`. Bytes, a string and instructions in a 64-bit field are passed by pointer (a string NUL-terminated). */
export type PlanValue =
  | number
  | bigint
  | string
  | Uint8Array
  | FdRef
  | FdPointer
  | LinkedInsns
  | { readonly [field: string]: PlanValue };

/** An instruction that stands for something that the kernel does not have: the verifier refuses the program if it can be reached. */
export interface PoisonedInsn {
  /** Slot of the linked program. */
  readonly index: number;
  /** What is missing, in words: `struct task_struct.pids: struct task_struct of the kernel has no member pids; it has pid`. */
  readonly missing: string;
  /** The source line, e.g. `opensnoop.bpf.c:42: pid = task->pid;`. */
  readonly source: string | undefined;
}

/** One `bpf()` call, ready but for its fds. */
export interface PlanStep {
  /** `enum bpf_cmd`. */
  readonly cmd: number;
  /** Fields of the command's member of `union bpf_attr`, by the kernel's names; fields left out are 0. */
  readonly attr: { readonly [field: string]: PlanValue };
  /** The fd that the result becomes: `btf`, `map:start`, `prog:handle_tp`. */
  readonly makes: string | undefined;
  /** What the step is for, in words: `map start`, `program handle_tp`, `BTF of the object`. */
  readonly what: string;
  /** When the kernel refuses: `fail` the load, or `ignore` it (the load goes on without); `absent` ignores ENOENT only. */
  readonly onError: 'fail' | 'ignore' | 'absent';
  /** For a BPF_OBJ_GET that may find a pinned map: what the map must be like to be used. */
  readonly reuses?: MapSpec;
  /** For a program: its instructions that must not be reached on this kernel. */
  readonly poisoned?: readonly PoisonedInsn[];
  /** The step is left out when this fd came from a pin. */
  readonly unlessReused?: string;
  /** Memory to map the new fd's into, and to fill, after the call: an arena. */
  readonly mmap?: PlannedMmap;
}

/** A mapping that programs count on: of an arena, which the kernel wants to be mapped before a program uses it. Sizes are bytes. */
export interface PlannedMmap {
  /** Where to; 0 lets the kernel choose. */
  readonly address: bigint;
  readonly length: number;
  /** Initial bytes and where in the mapping they go. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The value that registers a struct_ops map, as the kernel lays it out; programs are to be put in as 8-byte fds at their offsets. */
export interface StructOpsValue {
  readonly map: string;
  readonly bytes: Uint8Array;
  readonly programs: readonly { readonly offset: number; readonly program: string }[];
}

/** The ordered calls that load an object, fds symbolic: what `rawbpf plan` prints and what `BpfObject.load` executes. */
export interface Plan {
  readonly object: ObjectSpec;
  readonly steps: readonly PlanStep[];
  /** What became of the CO-RE relocations of the programs. */
  readonly coreRelocations: readonly CoreOutcome[];
  /** What registering its struct_ops maps takes. */
  readonly structOps: readonly StructOpsValue[];
  readonly warnings: readonly string[];
}
