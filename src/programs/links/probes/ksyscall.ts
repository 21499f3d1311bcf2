import { syscallSymbol } from '../../../kernel/index.js';
import type { Attachable } from '../attachable.js';
import type { LinkParts } from '../link.js';
import { attachKprobe } from './kprobe.js';
import type { AttachMode } from './open-perf-event.js';

/** The kernel's handler of a system call, by the call's name. Needs what a kprobe needs. */
export interface KsyscallTarget {
  readonly kind: 'ksyscall';
  /** E.g. `execve`. */
  readonly name: string;
  /** Run when the call returns, not when it begins. */
  readonly retprobe?: boolean;
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.15. */
  readonly cookie?: bigint;
  /** Insists on one way of attaching. Default: the first of `link`, `perf`, `legacy` that the kernel has. */
  readonly mode?: AttachMode;
}

/** Attaches to the function that the kernel's symbols name for a system call: `__x64_sys_execve`, `__se_sys_execve` (libbpf: bpf_program__attach_ksyscall). */
export function attachKsyscall(program: Attachable, { name, kind, ...options }: KsyscallTarget): LinkParts {
  return attachKprobe(
    program,
    { ...options, kind: 'kprobe', symbol: syscallSymbol(program.kernel, name) },
    kind,
  );
}
