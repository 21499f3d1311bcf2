import { type Cause, onlineCpus } from '../../../kernel/index.js';
import { Errno } from '../../../syscall/index.js';
import type { PerfEventTarget } from './perf-event.js';

/** Why the kernel refused an event (kernel/events/core.c: perf_event_open, perf_try_init_event; kernel/events/hw_breakpoint.c), or a program at it. */
export function explainPerfEvent(
  { event, pid, cpu }: PerfEventTarget,
  name: string,
  syscall: string,
  errno: number,
): Cause | undefined {
  if (syscall !== 'perf_event_open') return explainRun(name, syscall, errno);
  if (cpu !== undefined && !onlineCpus().includes(cpu)) return { reason: `CPU ${cpu} is not online` };
  switch (errno) {
    case Errno.ENOENT:
    case Errno.EOPNOTSUPP:
      return {
        missing: { feature: `the perf event ${name}` },
        reason:
          'there is no PMU that counts it here, as in most virtual machines, or none that can interrupt',
        advice: 'Use a software event, e.g. cpu-clock.',
      };
    case Errno.ESRCH:
      return { reason: `there is no process ${pid}` };
    case Errno.EINVAL:
      if (event === 'breakpoint')
        return {
          reason: 'the breakpoint is not aligned to its length, or the CPU has none of this length or access',
          advice: 'x86 has lengths 1, 2, 4 and 8, and accesses w, rw and x.',
        };
      return {
        reason: `a field of ${name} is not one that the kernel takes, or its frequency is above kernel.perf_event_max_sample_rate`,
      };
    case Errno.ENOSPC:
      return {
        reason: 'all breakpoints of the CPU are taken: x86 has 4, for all processes and debuggers',
        advice: 'Close links to others, or attach to one pid.',
      };
    case Errno.EBUSY:
      return { reason: 'another event has the PMU for itself' };
    default:
      return undefined;
  }
}

function explainRun(name: string, syscall: string, errno: number): Cause | undefined {
  switch (errno) {
    case Errno.EBADF:
      return { reason: `${name} is not a perf event` };
    case Errno.EINVAL:
      return {
        reason: `a program of this type cannot run at ${name}, or the event is neither sampled nor counted on this CPU`,
        advice: 'Programs of section perf_event run at software, hardware and raw events and breakpoints.',
      };
    case Errno.EEXIST:
      return { reason: 'the event has a program already' };
    case Errno.EPROTO:
      return {
        reason: 'the program asks for call stacks, which the event does not record precisely enough',
        advice:
          'Set sample_type PERF_SAMPLE_CALLCHAIN, or leave out exclude_callchain_kernel and exclude_callchain_user.',
      };
    case Errno.EOPNOTSUPP:
      return syscall === 'ioctl' ? { reason: `programs cannot run at ${name}` } : undefined;
    default:
      return undefined;
  }
}
