import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** A perf event, on one CPU or all, of one process or all. */
export interface PerfEventTarget {
  readonly kind: 'perf_event';
  /** Fields of `struct perf_event_attr`, or the fd of an open event. */
  readonly event: number | Readonly<Record<string, number | bigint | string>>;
  readonly pid?: number;
  /** Default: all that are online. */
  readonly cpu?: number;
  readonly cookie?: bigint;
}

export function attachPerfEvent(program: Attachable, target: PerfEventTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
