import { readFileSync } from 'node:fs';
import type { RawbpfError } from '../../errors/index.js';
import {
  type Cause,
  errorFor,
  type Facts,
  lackOfPermission,
  lackOfPrivilege,
  readFacts,
} from '../../kernel/index.js';
import { Errno } from '../../syscall/index.js';
import type { Attachable } from './attachable.js';
import type { LinkKind } from './link.js';

/** A call by which a program was to be attached, and which the kernel refused. */
export interface RefusedAttach {
  /** `open`, `read` and `write` are of files of tracefs. */
  readonly syscall:
    | 'bpf'
    | 'perf_event_open'
    | 'ioctl'
    | 'setsockopt'
    | 'netlink'
    | 'open'
    | 'read'
    | 'write';
  /** `enum bpf_cmd`, for bpf(). */
  readonly cmd?: number;
  readonly kind: LinkKind;
  /** The tracepoint or function. */
  readonly target: string;
  /** Positive. */
  readonly errno: number;
  /** Why, where the caller knows better than what holds for all kinds. */
  readonly cause?: Cause | undefined;
}

/** The error for it. */
export function attachRefused({ kernel, file, name }: Attachable, refused: RefusedAttach): RawbpfError {
  const { syscall, cmd, kind, target, errno } = refused;
  const cause = refused.cause ?? explainAttach(refused, readFacts(kernel), perfEventParanoid());
  const what = `${file}: program ${name}: attach to ${kind} ${target}`;
  return errorFor(cause, { syscall, errno, what, ...(cmd === undefined ? {} : { cmd }) });
}

/** Why the kernel refused to attach (kernel/events/core.c, kernel/trace/trace_kprobe.c, bpf_trace.c). */
export function explainAttach(
  { syscall, kind, target, errno }: RefusedAttach,
  facts: Facts,
  paranoid: number | undefined,
): Cause | undefined {
  if (syscall === 'perf_event_open') return explainOpen(errno, facts, paranoid);
  switch (errno) {
    case Errno.ENOENT:
      return kind === 'raw_tracepoint'
        ? {
            reason: `this kernel has no raw tracepoint ${target}`,
            advice:
              'Its name is that of a folder of events/*/ in tracefs, without the category; for system calls there are only sys_enter and sys_exit.',
          }
        : undefined;
    case Errno.EPERM:
      return lackOfPrivilege(facts);
    case Errno.EACCES:
      return kind === 'tracepoint'
        ? {
            reason: 'the program reads beyond the fields of this tracepoint',
            advice: `Compare its context struct with events/${target}/format in tracefs.`,
          }
        : undefined;
    case Errno.EINVAL:
      return { reason: `a program of this type cannot run at a ${kind.replace('_', ' ')}` };
    case Errno.EEXIST:
      return { reason: 'the program is attached there already' };
    case Errno.E2BIG:
      return { reason: 'there are 64 programs at this event, the most that it can have' };
    default:
      return undefined;
  }
}

function explainOpen(errno: number, facts: Facts, paranoid: number | undefined): Cause | undefined {
  switch (errno) {
    case Errno.EPERM:
    case Errno.EACCES:
      if (facts.may('CAP_PERFMON')) return beyondPerfmon(errno, facts, paranoid);
      return {
        reason: `the process lacks CAP_PERFMON${paranoid === undefined ? '' : ` and kernel.perf_event_paranoid is ${paranoid}`}`,
        advice: 'Run it as root, or give it CAP_PERFMON (Linux 5.8; before that CAP_SYS_ADMIN).',
      };
    case Errno.ENOENT:
      return { reason: 'this kernel has no perf events of this kind' };
    case Errno.EMFILE:
      return { reason: 'too many files are open', advice: 'Raise RLIMIT_NOFILE (ulimit -n).' };
    default:
      return undefined;
  }
}

/** What may forbid a perf event to a process that has CAP_PERFMON. */
function beyondPerfmon(errno: number, facts: Facts, paranoid = 0): Cause {
  // Debian's and Ubuntu's kernels have a level that the others do not.
  if (errno === Errno.EACCES && paranoid > 2 && !facts.may('CAP_SYS_ADMIN'))
    return {
      reason: `kernel.perf_event_paranoid is ${paranoid}, at which kernels of Debian and Ubuntu want CAP_SYS_ADMIN`,
      advice: 'Run it as root, or lower it: sysctl kernel.perf_event_paranoid=2.',
    };
  return facts.seccomp
    ? lackOfPermission(facts)
    : { reason: 'a security module (SELinux, BPF LSM) or lockdown forbids it' };
}

function perfEventParanoid(): number | undefined {
  try {
    return Number(readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8'));
  } catch {
    return undefined;
  }
}
