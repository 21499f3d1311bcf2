import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** A network namespace, for sk_lookup and flow_dissector programs. */
export interface NetnsTarget {
  readonly kind: 'netns';
  /** A path (`/run/netns/NAME`, `/proc/PID/ns/net`) or a fd. Default: that of this process. */
  readonly netns?: string | number;
}

export function attachNetns(program: Attachable, target: NetnsTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
