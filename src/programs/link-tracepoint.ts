import { PerfTypeId } from '../abi/index.js';
import { tracepointId } from '../kernel/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';
import { linkPerfEvent } from './link-perf-event.js';

/**
 * Attaches to a tracepoint, in every process: a perf event of the tracepoint's id. Linux 4.7; kernel/trace/bpf_trace.c.
 * Throws TracefsError when there is no such tracepoint or tracefs cannot be read.
 */
export function attachTracepoint(
  program: Attachable,
  category: string,
  name: string,
  cookie: bigint,
): LinkParts {
  const target = `${category}/${name}`;
  const attr = {
    type: PerfTypeId.PERF_TYPE_TRACEPOINT,
    config: tracepointId(program.kernel, category, name),
  };
  const fds = linkPerfEvent(program, { kind: 'tracepoint', target, attr, cookie });
  return { kind: 'tracepoint', program: program.name, target, fds };
}
