import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** A global function of another program, which this one replaces (Linux 5.10; what it was loaded for is the default). */
export interface FreplaceTarget {
  readonly kind: 'freplace';
  /** The other program, or its fd. */
  readonly program?: number | { readonly fd: number };
  readonly function?: string;
}

export function attachFreplace(program: Attachable, target: FreplaceTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
