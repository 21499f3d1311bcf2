import { BpfAttachType, BpfCmd } from '../../../abi/index.js';
import { UnsupportedFeatureError } from '../../../kernel/index.js';
import {
  bpf,
  OwnedFd,
  PERF_EVENT_IOC_ENABLE,
  PERF_EVENT_IOC_SET_BPF,
  perfEventOpen,
} from '../../../syscall/index.js';
import { attachRefused, type RefusedAttach } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import { closeHolders, type Holder, type LinkKind, type LinkParts } from '../link.js';

/**
 * How a probe is attached: `link`, by a BPF link on a perf event (Linux 5.15); `perf`, by PERF_EVENT_IOC_SET_BPF on one (Linux 4.17), which has no cookies, info or pins;
 * `legacy`, as perf, where an entry of tracefs makes the event (before Linux 4.17), which stays behind when the process is killed.
 */
export type AttachMode = 'link' | 'perf' | 'legacy';

/** What the messages say of an event, and how a program is let run at it. */
export interface PerfEventUse {
  readonly kind: LinkKind;
  /** The tracepoint or function, for messages. */
  readonly target: string;
  readonly cookie?: bigint | undefined;
  /** Default: a BPF link where the kernel has it, else the ioctl. */
  readonly mode?: AttachMode | undefined;
  /** Why the kernel refused a call, by its positive errno, where the kind knows better than what holds for all kinds. */
  readonly explain?: (syscall: RefusedAttach['syscall'], errno: number) => RefusedAttach['cause'];
}

export interface PerfEventParts extends PerfEventUse {
  /** Fields of `struct perf_event_attr`. */
  readonly attr: Parameters<typeof perfEventOpen>[1];
  /** Only in this process; default -1, all. */
  readonly pid?: number | undefined;
  /** Default 0, and -1, every CPU, for one process. */
  readonly cpu?: number | undefined;
  /** What made the event and is undone after it, or when this throws. */
  readonly madeBy?: Holder;
}

/**
 * Opens a perf event and lets a program run at it: by a BPF link (Linux 5.15), which carries the cookie, before that by PERF_EVENT_IOC_SET_BPF. The event is of CPU 0
 * and no process unless told; a tracepoint's or probe's programs run on every CPU all the same. When this throws nothing is held.
 */
export function linkPerfEvent(program: Attachable, parts: PerfEventParts): LinkParts {
  const { sys } = program;
  const { kind, target, attr, pid = -1, cpu = pid < 0 ? 0 : -1, madeBy } = parts;
  const holders: Holder[] = madeBy ? [madeBy] : [];
  try {
    const fd = perfEventOpen(sys, attr, pid, cpu, -1);
    if (fd < 0) throw refusedEvent(program, parts, -fd, { syscall: 'perf_event_open' });
    const event = new OwnedFd(sys, fd);
    holders.push(event);
    const link = runAtEvent(program, parts, event.value);
    if (link) holders.push(link);
    return { sys, kind, program: program.name, target, holders, ...(link ? { link } : {}) };
  } catch (error) {
    closeHolders(holders);
    throw error;
  }
}

/** Lets a program run at an open perf event, and enables that. Answers the BPF link, where that is how; else the event itself holds the program from now on. */
export function runAtEvent(program: Attachable, use: PerfEventUse, event: number): OwnedFd | undefined {
  const link = makeLink(program, use, event);
  const ioctl = (request: number, arg: number): void => {
    const result = program.sys.ioctl(event, request, arg);
    if (result < 0) throw refusedEvent(program, use, -result, { syscall: 'ioctl' });
  };
  try {
    if (!link) ioctl(PERF_EVENT_IOC_SET_BPF, program.fd);
    ioctl(PERF_EVENT_IOC_ENABLE, 0);
  } catch (error) {
    link?.close();
    throw error;
  }
  return link;
}

/** Undefined where the kernel has no links on perf events, or `mode` asks for none. */
function makeLink(program: Attachable, use: PerfEventUse, event: number): OwnedFd | undefined {
  const { sys, kernel } = program;
  const { mode, cookie = 0n } = use;
  if (mode === 'perf' || mode === 'legacy') {
    if (cookie !== 0n) throw new TypeError(`cookie: mode '${mode}' has none; a BPF link carries it`);
    return undefined;
  }
  const cmd = BpfCmd.BPF_LINK_CREATE;
  const result = bpf(sys, cmd, {
    prog_fd: program.fd,
    target_fd: event,
    attach_type: BpfAttachType.BPF_PERF_EVENT,
    perf_event: { bpf_cookie: cookie },
  });
  if (result >= 0) return new OwnedFd(sys, result);
  // Asking first whether the kernel has such links would take more calls than the attachment.
  if (kernel.has('perf_link')) throw refusedEvent(program, use, -result, { syscall: 'bpf', cmd });
  if (mode === undefined && cookie === 0n) return undefined;
  throw new UnsupportedFeatureError(mode ? 'BPF links on perf events' : 'cookies of attached programs', {
    what: `${program.file}: program ${program.name}`,
    since: '5.15',
    reason: `it is Linux ${kernel.release}`,
  });
}

/** The error for a call that made, or used, a perf event. */
export function refusedEvent(
  program: Attachable,
  { kind, target, explain }: PerfEventUse,
  errno: number,
  call: Pick<RefusedAttach, 'syscall' | 'cmd'>,
): Error {
  return attachRefused(program, { ...call, kind, target, errno, cause: explain?.(call.syscall, errno) });
}
