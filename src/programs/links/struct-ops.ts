import type { StructOpsMap } from '../../maps/index.js';
import { Link, type LinkParts } from './link.js';

/**
 * Registers a struct_ops map with the kernel, which calls its programs from then on: by a link, for one of section `.struct_ops.link` (Linux 6.4), which can be
 * pinned and moved to another map by {@link Link.update}; else for as long as the link is open (5.6), but a process that is killed leaves it registered.
 * kernel/bpf/bpf_struct_ops.c. Throws what {@link StructOpsMap.register} throws.
 */
export function attachStructOps(map: StructOpsMap): Link {
  return new Link(map.hasLink ? byLink(map) : withoutLink(map), map);
}

function byLink(map: StructOpsMap): LinkParts {
  const link = map.registerByLink();
  return { ...partsOf(map), holders: [link], link };
}

function withoutLink(map: StructOpsMap): LinkParts {
  map.register();
  const unregister = () => {
    if (!map.closed) map.unregister();
  };
  return { ...partsOf(map), holders: [{ close: unregister, release: () => map.leave() }] };
}

function partsOf(map: StructOpsMap): Pick<LinkParts, 'sys' | 'kind' | 'program' | 'target'> {
  return { sys: map.sys, kind: 'struct_ops', program: map.name, target: 'struct_ops' };
}
