import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** A hook of netfilter, in the network namespace of this process. Linux 6.4. */
export interface NetfilterTarget {
  readonly kind: 'netfilter';
}

export function attachNetfilter(program: Attachable, target: NetfilterTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
