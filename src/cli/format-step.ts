import type { PlanStep } from '../object/index.js';
import { formatBpf } from '../syscall/index.js';

/** A step of a plan as strace would print the call, with the name of the fd that it makes as its result. */
export function formatStep(step: PlanStep): string {
  return formatBpf({ cmd: step.cmd, attr: step.attr, makes: step.makes });
}
