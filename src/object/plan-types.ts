import type { ObjectSpec } from './types.js';

/** A file descriptor that an earlier step of the plan makes: `btf`, `map:NAME`, `prog:NAME`. */
export interface FdRef {
  readonly fd: string;
}

/** A pointer to a 4-byte fd in memory: the value of an element of a map of maps or a prog array. */
export interface FdPointer {
  readonly pointsTo: FdRef;
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
  /** When the kernel refuses: `fail` the load, or `ignore` it (the load goes on without). */
  readonly onError: 'fail' | 'ignore';
}

/** The ordered calls that load an object, fds symbolic: what `rawbpf plan` prints and what `BpfObject.load` executes. */
export interface Plan {
  readonly object: ObjectSpec;
  readonly steps: readonly PlanStep[];
  readonly warnings: readonly string[];
}
