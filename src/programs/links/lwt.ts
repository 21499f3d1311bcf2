import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** The packets of a route (`lwt_in`, `lwt_out`, `lwt_xmit`). */
export interface LwtTarget {
  readonly kind: 'lwt';
}

export function attachLwt(program: Attachable, target: LwtTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
