import type { KernelView } from '../object/index.js';
import type { Sys } from '../syscall/index.js';

const RLIM_INFINITY = (1n << 64n) - 1n;
const raised = new WeakSet<Sys>();

/**
 * Lifts RLIMIT_MEMLOCK where maps and programs still count against it: before Linux 5.11, which charges the memory cgroup. Once for the
 * process. A refusal (no CAP_SYS_RESOURCE) is not an error here: the limit may suffice, and the ladder of EPERM looks at it.
 */
export function raiseMemlock(sys: Sys, kernel: KernelView): void {
  if (raised.has(sys)) return;
  raised.add(sys);
  if (!kernel.has('memcg_accounting')) sys.setMemlock(RLIM_INFINITY);
}
