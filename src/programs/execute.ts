import { BpfCmd } from '../abi/index.js';
import { FormatError } from '../errors/index.js';
import type { FdRef, KernelView, Plan, PlanStep } from '../object/index.js';
import { type AttrRecord, bpf, OwnedFd, type Sys } from '../syscall/index.js';
import { explainStep } from './explain-step.js';
import { loadWithLog, type Refusal } from './load-with-log.js';
import { resolveStep } from './resolve-step.js';

/** The fds that a plan made, by the names it gives them: `btf`, `map:start`, `prog:handle_tp`. */
export type LoadedFds = Map<string, OwnedFd>;

/**
 * Makes the calls of a plan. When one is refused that must succeed, closes every fd that came before it and throws: VerifierError
 * for a program that the verifier examined, UnsupportedFeatureError for something it does not have, BpfError for the rest.
 */
export function execute(sys: Sys, kernel: KernelView, plan: Plan): LoadedFds {
  const made: LoadedFds = new Map();
  try {
    for (const step of plan.steps) run(step);
    return made;
  } catch (error) {
    closeAll(made);
    throw error;
  }

  function run(step: PlanStep): void {
    const attr = resolveStep(step, fdOf, made.has('btf'));
    const result = call(sys, step, attr);
    if (typeof result === 'number') {
      if (step.makes !== undefined) made.set(step.makes, new OwnedFd(sys, result));
      return;
    }
    if (step.onError === 'fail')
      throw explainStep({ sys, kernel, file: plan.object.file, step, attr, refusal: result });
  }

  function fdOf({ fd }: FdRef): number {
    const owned = made.get(fd);
    if (!owned)
      throw new FormatError(`the plan uses ${fd}, which no earlier call made`, { file: plan.object.file });
    return owned.value;
  }
}

/** Closes fds in the reverse of the order in which they were made. */
export function closeAll(fds: LoadedFds): void {
  for (const fd of [...fds.values()].reverse()) fd.close();
}

/** The verifier log is asked for only where a refusal ends the load. */
function call(sys: Sys, step: PlanStep, attr: AttrRecord): number | Refusal {
  if (step.cmd === BpfCmd.BPF_PROG_LOAD && step.onError === 'fail') return loadWithLog(sys, attr);
  const result = bpf(sys, step.cmd, attr);
  return result >= 0 ? result : { errno: -result, log: '', truncated: false };
}
