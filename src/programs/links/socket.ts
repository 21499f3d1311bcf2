import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** One socket, for socket filters and sk_reuseport programs. */
export interface SocketTarget {
  readonly kind: 'socket';
  /** A socket of Node, or a fd. */
  readonly socket: number | object;
}

export function attachSocket(program: Attachable, target: SocketTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
