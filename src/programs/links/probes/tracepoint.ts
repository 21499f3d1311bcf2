import { PerfTypeId } from '../../../abi/index.js';
import { tracepointId } from '../../../kernel/index.js';
import type { Attachable } from '../attachable.js';
import type { LinkParts } from '../link.js';
import { linkPerfEvent } from './open-perf-event.js';

/** A tracepoint, in every process. */
export interface TracepointTarget {
  readonly kind: 'tracepoint';
  /** Folder of tracefs' `events`, e.g. `syscalls`. */
  readonly category: string;
  /** E.g. `sys_enter_write`. */
  readonly name: string;
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.15. */
  readonly cookie?: bigint;
}

/**
 * Attaches to a tracepoint: a perf event of the tracepoint's id. Linux 4.7; kernel/trace/bpf_trace.c.
 * Throws TracefsError when there is no such tracepoint or tracefs cannot be read.
 */
export function attachTracepoint(
  program: Attachable,
  { kind, category, name, cookie = 0n }: TracepointTarget,
): LinkParts {
  const attr = {
    type: PerfTypeId.PERF_TYPE_TRACEPOINT,
    config: tracepointId(program.kernel, category, name),
  };
  return linkPerfEvent(program, { kind, target: `${category}/${name}`, attr, cookie });
}
