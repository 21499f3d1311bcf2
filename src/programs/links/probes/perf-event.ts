import { onlineCpus } from '../../../kernel/index.js';
import { BpfError, Errno, OwnedFd } from '../../../syscall/index.js';
import type { Attachable } from '../attachable.js';
import { closeHolders, type Holder, type LinkParts } from '../link.js';
import { type AttachMode, linkPerfEvent, type PerfEventUse, runAtEvent } from './open-perf-event.js';
import { fieldsAttr, type NamedEventOptions, namedAttr, type PerfEventFields } from './perf-event-attr.js';
import { explainPerfEvent } from './perf-event-explain.js';
import type { PerfEventName } from './perf-event-names.js';

/** A perf event, on one CPU or all, of one process or all: the program runs each time that it has counted a period to its end. */
export interface PerfEventTarget extends NamedEventOptions {
  readonly kind: 'perf_event';
  /**
   * A name as `perf list` has it (`cpu-clock`, `page-faults`, `cpu-cycles`, `LLC-load-misses`, `r01c2`), or `breakpoint`; fields of `struct perf_event_attr`; or the fd
   * of an open event, which the link takes over and closes.
   */
  readonly event: PerfEventName | PerfEventFields | number;
  /** Only in this thread, and only its main one where it is that of a process. Default: in all. */
  readonly pid?: number;
  /** Default: all that are online, each with an event of its own; of one `pid`, whichever it runs on. */
  readonly cpu?: number;
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.15. */
  readonly cookie?: bigint;
  /** Insists on a BPF link (Linux 5.15), or on none. Default: where the kernel has it. */
  readonly mode?: Exclude<AttachMode, 'legacy'>;
}

/**
 * Attaches to a perf event (Linux 4.9; kernel/events/core.c: perf_event_set_bpf_prog). Where there is an event for each CPU, one link holds them all, and has no id, info or
 * pin: those are of a link with one event. Throws TypeError for a target that is not complete, UnsupportedFeatureError or BpfError when the kernel cannot.
 */
export function attachPerfEvent(program: Attachable, target: PerfEventTarget): LinkParts {
  const { kind, event, pid, cpu, cookie, mode } = target;
  const name = typeof event === 'string' ? event : typeof event === 'number' ? `fd ${event}` : nameOf(event);
  const use: PerfEventUse = {
    kind,
    target: name,
    cookie,
    mode,
    explain: (syscall, errno) => explainPerfEvent(target, name, syscall, errno),
  };
  if (typeof event === 'number') return attachToOpenEvent(program, use, target);
  const attr =
    typeof event === 'string' ? namedAttr(event, target) : fieldsAttr(withoutNamedOptions(event, target));
  const place = { ...use, attr, pid };
  if (cpu !== undefined || pid !== undefined) return linkPerfEvent(program, { ...place, cpu });
  const each: LinkParts[] = [];
  try {
    for (const cpu of onlineCpus()) {
      const parts = unlessOffline(cpu, () => linkPerfEvent(program, { ...place, cpu }));
      if (parts) each.push(parts);
    }
  } catch (error) {
    closeHolders(each.flatMap(({ holders }) => holders));
    throw error;
  }
  const [only] = each;
  if (each.length === 1 && only) return only;
  const holders: Holder[] = each.flatMap(parts => parts.holders);
  const several = `an event for each of ${each.length} CPUs; give cpu to have one`;
  return { sys: program.sys, kind, program: program.name, target: name, holders, several };
}

/** The link owns the fd once it is made, not before. */
function attachToOpenEvent(
  program: Attachable,
  use: PerfEventUse,
  { event, pid, cpu, ...target }: PerfEventTarget,
): LinkParts {
  if (pid !== undefined || cpu !== undefined)
    throw new TypeError('perf_event: pid and cpu are chosen when the event is opened');
  withoutNamedOptions({}, target);
  const fd = event as number;
  const link = runAtEvent(program, use, fd);
  const owned = new OwnedFd(program.sys, fd);
  return {
    sys: program.sys,
    kind: use.kind,
    program: program.name,
    target: use.target,
    holders: link ? [owned, link] : [owned],
    ...(link ? { link } : {}),
  };
}

function withoutNamedOptions(event: PerfEventFields, target: NamedEventOptions): PerfEventFields {
  const named = [
    'frequency',
    'period',
    'address',
    'length',
    'access',
    'excludeUser',
    'excludeKernel',
  ] as const;
  const given = named.find(option => target[option] !== undefined);
  if (given)
    throw new TypeError(`perf_event: ${given} goes with an event by its name; give the field of its attr`);
  return event;
}

/** Undefined when the CPU went offline since it was listed. */
function unlessOffline(cpu: number, open: () => LinkParts): LinkParts | undefined {
  try {
    return open();
  } catch (error) {
    const isGone = error instanceof BpfError && error.errno === Errno.ENODEV && !onlineCpus().includes(cpu);
    if (isGone) return undefined;
    throw error;
  }
}

function nameOf({ type = 0, config = 0 }: PerfEventFields): string {
  return `event ${type}:${config}`;
}
