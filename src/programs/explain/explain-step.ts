import { BpfCmd } from '../../abi/index.js';
import type { BtfTypes } from '../../btf/index.js';
import type { RawbpfError } from '../../errors/index.js';
import {
  type Cause,
  errorFor,
  probeProgType,
  progLoadSince,
  readFacts,
  versionCode,
} from '../../kernel/index.js';
import { getHint, mapCreateCause, pinHint } from '../../maps/index.js';
import type { KernelView, PlanStep, PoisonedInsn } from '../../object/index.js';
import { type AttrRecord, Errno, type Sys, tokenOf } from '../../syscall/index.js';
import type { Refusal } from '../load-with-log.js';
import { VerifierError } from '../verifier/verifier-error.js';
import { findFault } from '../verifier/verifier-log.js';
import { sourceOf } from '../verifier/verifier-source.js';
import { explainProgLoad } from './explain-prog-load.js';
import { explainTokenRefusal } from './explain-token.js';

export interface RefusedStep {
  readonly sys: Sys;
  readonly kernel: KernelView;
  readonly file: string;
  readonly step: PlanStep;
  readonly attr: AttrRecord;
  readonly refusal: Refusal;
  /** The object's. */
  readonly btf?: BtfTypes | undefined;
}

/** The error for a step of a plan that the kernel refused. */
export function explainStep(refused: RefusedStep): RawbpfError {
  const { file, step, refusal } = refused;
  // A log of statistics alone is that of a program which the verifier never came to.
  const { reason, instruction } = findFault(refusal.log);
  const cause = interrupted(refused, reason) ?? kindTooNew(refused, reason);
  if ((reason || instruction) && !cause) {
    const reached = reason && poisonReached(step, reason, instruction);
    const sourceAt = sourceOf(step, refused.btf);
    return new VerifierError({
      file,
      what: step.what,
      ...refusal,
      sourceAt,
      ...(reached ? { reached } : {}),
    });
  }
  return errorFor(cause ?? causeOf(refused), {
    syscall: 'bpf',
    cmd: step.cmd,
    errno: refusal.errno,
    what: `${file}: ${step.what}`,
  });
}

/** Set when the verifier gave up for a signal (kernel/bpf/verifier.c: do_check), and did so each time it was asked again. Its log ends anywhere then. */
function interrupted({ step, refusal }: RefusedStep, reason: string | undefined): Cause | undefined {
  if (step.cmd !== BpfCmd.BPF_PROG_LOAD || refusal.errno !== Errno.EAGAIN || reason) return undefined;
  return {
    reason: 'signals to this thread interrupted the verifier each time, before it had examined the program',
    advice:
      'Load it again; while it loads, pause what sends the signals: a profiler (SIGPROF), an interval timer, a debugger.',
  };
}

/** Set when the kernel cannot load what the program is loaded as, and said EINVAL without a word, or one about that, or that a kfunc is not for it. */
function kindTooNew(
  { kernel, step, attr, refusal: { errno } }: RefusedStep,
  reason?: string,
): Cause | undefined {
  // A kernel that has a kfunc for other kinds of programs answers EACCES.
  const kfuncDenied = errno === Errno.EACCES && /^calling kernel function/.test(reason ?? '');
  if (step.cmd !== BpfCmd.BPF_PROG_LOAD || (errno !== Errno.EINVAL && !kfuncDenied)) return undefined;
  const number = (field: string) => Number(attr[field] ?? 0);
  const kind = {
    type: number('prog_type'),
    attachType: number('expected_attach_type'),
    flags: number('prog_flags'),
  };
  const missing = progLoadSince(kind);
  if (versionCode(missing.since) > kernel.versionCode)
    return reason && !kfuncDenied && !/sleepable|attach|btf_id/i.test(reason)
      ? undefined
      : { reason: reason ?? 'it refuses what it does not know of', missing };
  const option = 'CONFIG_FUNCTION_ERROR_INJECTION';
  if (reason?.includes('is not sleepable') && kernel.kconfig?.has(option) === false)
    return {
      reason: `${reason}: it was built without ${option}, which names most of the functions where programs may sleep`,
      missing,
    };
  return undefined;
}

/** The instruction without meaning that the verifier came to, when that is its complaint. */
function poisonReached(
  { poisoned = [] }: PlanStep,
  reason: string,
  instruction: string | undefined,
): PoisonedInsn | undefined {
  if (!/invalid func unknown#\d+/.test(reason)) return undefined;
  const index = Number.parseInt(instruction ?? '', 10);
  return poisoned.find(p => p.index === index) ?? poisoned[0];
}

function causeOf({ sys, kernel, step, attr, refusal: { errno } }: RefusedStep): Cause | undefined {
  const number = (field: string) => Number(attr[field] ?? 0);
  const token = tokenOf(sys);
  const notDelegated =
    token !== undefined && errno === Errno.EPERM ? explainTokenRefusal(token, step.cmd, attr) : undefined;
  if (notDelegated) return notDelegated;
  if (step.cmd === BpfCmd.BPF_PROG_LOAD) {
    const attachType = number('expected_attach_type');
    return explainProgLoad({
      errno,
      type: number('prog_type'),
      attachType,
      insnCount: number('insn_cnt'),
      facts: readFacts(kernel),
      probe: type => probeProgType(sys, type, attachType, kernel.versionCode),
    });
  }
  const path = String(attr['pathname']);
  if (step.cmd === BpfCmd.BPF_OBJ_PIN) return because(pinHint(errno, path));
  if (step.cmd === BpfCmd.BPF_OBJ_GET) return because(getHint(errno, path));
  if (step.cmd === BpfCmd.BPF_MAP_CREATE) return mapCreateCause(sys, kernel, attr, errno);
  return undefined;
}

function because(reason: string | undefined): Cause | undefined {
  return reason ? { reason } : undefined;
}
