import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** The packets that a network interface receives, before the kernel's stack sees them. */
export interface XdpTarget {
  readonly kind: 'xdp';
  /** Name or index. */
  readonly interface: string | number;
}

export function attachXdp(program: Attachable, target: XdpTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
