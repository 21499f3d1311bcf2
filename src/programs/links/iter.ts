import { versionCode } from '../../kernel/index.js';
import { Errno } from '../../syscall/index.js';
import type { RefusedAttach } from './attach-refused.js';
import type { Attachable } from './attachable.js';
import { createLink } from './bpf-link.js';
import { type IterParameters, iterInfo } from './iter-info.js';
import type { LinkParts } from './link.js';

/**
 * What an iterator goes over: all of what the program was loaded for, or the part that the parameters name. Linux 5.8. The program runs, for each of them,
 * when the link is read: see `Program.read()`.
 */
export interface IterTarget extends IterParameters {
  readonly kind: 'iter';
}

/**
 * Makes an iterator's link: BPF_LINK_CREATE for BPF_TRACE_ITER (kernel/bpf/bpf_iter.c: bpf_iter_link_attach). Throws TypeError for a parameter that this iterator
 * does not have, UnsupportedFeatureError for one that the kernel does not have.
 */
export function attachIter(program: Attachable, target: IterTarget): LinkParts {
  using info = iterInfo(program, target);
  const place = {
    kind: target.kind,
    target: program.spec.attachTarget ?? program.name,
    explain: (errno: number) => explain(program, target, errno),
  };
  const { bytes } = info;
  return createLink(
    program,
    place,
    bytes.length > 0 ? { iter_info: bytes, iter_info_len: bytes.length } : {},
  );
}

/** Errnos of the attach_target() of each iterator. */
function explain({ spec, kernel }: Attachable, { order }: IterTarget, errno: number): RefusedAttach['cause'] {
  switch (errno) {
    case Errno.EBADF:
      return {
        reason: 'the map, cgroup or process that it is to go over is none, or it needs one',
        advice: `Name it: attachTo({ kind: 'iter', map }) for iter/${spec.attachTarget}.`,
      };
    case Errno.EINVAL:
      if (order === 'children' && kernel.versionCode < versionCode('7.0'))
        return {
          reason: 'it does not know this order',
          missing: { feature: 'iterators over the children of a cgroup', since: '7.0' },
        };
      return { reason: `an iterator over ${spec.attachTarget} does not go over what is named` };
    case Errno.EACCES:
      return {
        reason: "the program reads beyond the map's keys or values, or writes to a map that it must not",
      };
    case Errno.ENOENT:
    case Errno.ESRCH:
      return { reason: 'there is no such cgroup, process or thread' };
    default:
      return undefined;
  }
}
