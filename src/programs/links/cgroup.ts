import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** A cgroup (version 2): what its processes do, and those of the cgroups in it. */
export interface CgroupTarget {
  readonly kind: 'cgroup';
  /** A path, or the fd of its folder. */
  readonly cgroup: string | number;
}

export function attachCgroup(program: Attachable, target: CgroupTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
