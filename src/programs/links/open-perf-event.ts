import { BpfAttachType, BpfCmd } from '../../abi/index.js';
import { UnsupportedFeatureError } from '../../kernel/index.js';
import {
  bpf,
  OwnedFd,
  PERF_EVENT_IOC_ENABLE,
  PERF_EVENT_IOC_SET_BPF,
  perfEventOpen,
} from '../../syscall/index.js';
import { attachRefused, type RefusedAttach } from './attach-refused.js';
import type { Attachable } from './attachable.js';
import { closeHolders, type LinkKind, type LinkParts } from './link.js';

export interface PerfEventParts {
  readonly kind: LinkKind;
  /** The tracepoint or function, for messages. */
  readonly target: string;
  /** Fields of `struct perf_event_attr`. */
  readonly attr: Parameters<typeof perfEventOpen>[1];
  readonly cookie: bigint;
  /** Only in this process; default in all. */
  readonly pid?: number | undefined;
  /** Why the kernel refused a call, by its positive errno, where the kind knows better than what holds for all kinds. */
  readonly explain?: (call: RefusedAttach['syscall'], errno: number) => RefusedAttach['cause'];
}

/**
 * Opens a perf event and lets a program run at it: by a BPF link (Linux 5.15), which carries the cookie, before that by
 * PERF_EVENT_IOC_SET_BPF. The event is of CPU 0 and no process, or of a process on any CPU; a probe's programs run on every CPU all the same.
 * When this throws nothing is held.
 */
export function linkPerfEvent(
  program: Attachable,
  { kind, target, attr, cookie, pid = -1, explain }: PerfEventParts,
): LinkParts {
  const { sys, kernel } = program;
  const must = (result: number, call: Pick<RefusedAttach, 'syscall' | 'cmd'>): number => {
    if (result < 0) {
      const cause = explain?.(call.syscall, -result);
      throw attachRefused(program, { kind, target, errno: -result, cause, ...call });
    }
    return result;
  };
  const event = new OwnedFd(
    sys,
    must(perfEventOpen(sys, attr, pid, pid === -1 ? 0 : -1, -1), { syscall: 'perf_event_open' }),
  );
  const holders = [event];
  let link: OwnedFd | undefined;
  try {
    const cmd = BpfCmd.BPF_LINK_CREATE;
    const result = bpf(sys, cmd, {
      prog_fd: program.fd,
      target_fd: event.value,
      attach_type: BpfAttachType.BPF_PERF_EVENT,
      perf_event: { bpf_cookie: cookie },
    });
    // Asking first whether the kernel has such links would take more calls than the attachment.
    if (result >= 0 || kernel.has('perf_link')) {
      link = new OwnedFd(sys, must(result, { syscall: 'bpf', cmd }));
      holders.push(link);
    } else if (cookie !== 0n) {
      throw new UnsupportedFeatureError('cookies of attached programs', {
        what: `${program.file}: program ${program.name}`,
        since: '5.15',
        reason: `it is Linux ${kernel.release}`,
      });
    } else must(sys.ioctl(event.value, PERF_EVENT_IOC_SET_BPF, program.fd), { syscall: 'ioctl' });
    must(sys.ioctl(event.value, PERF_EVENT_IOC_ENABLE, 0), { syscall: 'ioctl' });
    return { sys, kind, program: program.name, target, holders, ...(link ? { link } : {}) };
  } catch (error) {
    closeHolders(holders);
    throw error;
  }
}
