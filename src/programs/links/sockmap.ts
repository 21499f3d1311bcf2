import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** The sockets of a sockmap or sockhash, for sk_msg and sk_skb programs. */
export interface SockmapTarget {
  readonly kind: 'sockmap';
  readonly map: number | { readonly fd: number };
}

export function attachSockmap(program: Attachable, target: SockmapTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
