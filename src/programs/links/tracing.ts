import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** What the program was bound to when it was loaded: fentry, fexit, fmod_ret, fsession, tp_btf, lsm. */
export interface TracingTarget {
  readonly kind: 'tracing';
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.19. */
  readonly cookie?: bigint;
}

export function attachTracing(program: Attachable, target: TracingTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
