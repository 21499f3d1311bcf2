import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** An infrared receiver. */
export interface LircTarget {
  readonly kind: 'lirc';
  /** Path of its device, `/dev/lirc0`. */
  readonly device: string;
}

export function attachLirc(program: Attachable, target: LircTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
