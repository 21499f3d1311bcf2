import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** An iterator over what the program was loaded for; the parameters narrow it down. Linux 5.8. */
export interface IterTarget {
  readonly kind: 'iter';
  /** Of `iter/bpf_map_elem`, `iter/bpf_sk_storage_map`: the map, or its fd. */
  readonly map?: number | { readonly fd: number };
  /** Of `iter/cgroup` (Linux 6.1): where to begin, as a path or fd, and which way. */
  readonly cgroup?: string | number;
  readonly order?: 'self_only' | 'descendants_pre' | 'descendants_post' | 'ancestors_up';
  /** Of `iter/task…` (Linux 6.1): one thread, or all threads of one process. */
  readonly tid?: number;
  readonly pid?: number;
}

export function attachIter(program: Attachable, target: IterTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
