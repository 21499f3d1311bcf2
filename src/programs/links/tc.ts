import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** The packets of a network interface, by a filter of its clsact qdisc. Linux 4.5. */
export interface TcTarget {
  readonly kind: 'tc';
  /** Name or index. */
  readonly interface: string | number;
  readonly direction: 'ingress' | 'egress';
}

export function attachTc(program: Attachable, target: TcTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
