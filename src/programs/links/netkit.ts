import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** A netkit device. Linux 6.7. */
export interface NetkitTarget {
  readonly kind: 'netkit';
  /** Name or index. */
  readonly interface: string | number;
}

export function attachNetkit(program: Attachable, target: NetkitTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
