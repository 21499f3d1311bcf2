import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** The packets of a network interface, as traffic control does, by a link. Linux 6.6. */
export interface TcxTarget {
  readonly kind: 'tcx';
  /** Name or index. */
  readonly interface: string | number;
  /** Default: as the program was loaded. */
  readonly direction?: 'ingress' | 'egress';
}

export function attachTcx(program: Attachable, target: TcxTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
