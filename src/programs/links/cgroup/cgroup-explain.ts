import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Cause, lackOfBpfOrNetAdmin, readFacts } from '../../../kernel/index.js';
import { attachTypeName, progTypeName } from '../../../object/index.js';
import { Errno } from '../../../syscall/index.js';
import type { Attachable } from '../attachable.js';
import { type CgroupFolder, cgroup2Mount, notCgroup, openCgroup } from './cgroup-folder.js';
import { type CgroupAttachFlag, queryHook } from './cgroup-query.js';

/** How a program was to be attached to a cgroup. */
export interface CgroupAttempt {
  readonly folder: CgroupFolder;
  readonly attachType: number;
  readonly flag: CgroupAttachFlag;
  /** True when a place among the others was asked for, or a revision expected. */
  readonly ordered: boolean;
  readonly preorder: boolean;
  readonly asLink: boolean;
}

/** Of include/uapi/asm-generic/errno.h, on the architectures that Node runs on. */
const ESTALE = 116;

/** Why the kernel refused to attach a program to a cgroup (kernel/bpf/cgroup.c: __cgroup_bpf_attach). */
export function explainCgroup(program: Attachable, attempt: CgroupAttempt, errno: number): Cause | undefined {
  switch (errno) {
    case Errno.EBADF:
      return (
        notCgroup(attempt.folder) ?? { reason: 'the program or link that it was to come beside is not open' }
      );
    case Errno.EPERM:
      return lackOfBpfOrNetAdmin(readFacts(program.kernel)) ?? forbidden(program, attempt);
    case Errno.EINVAL:
      return invalid(program, attempt);
    case Errno.ENOENT:
      return attempt.ordered
        ? { reason: 'what it was to come beside is not attached to this hook of this cgroup' }
        : { reason: 'the cgroup has been removed, or the program to replace is not attached to it' };
    case ESTALE:
      return {
        reason: 'the programs of this hook have changed since the revision that was expected',
        advice: 'List them again with queryCgroup() and attach by the new revision.',
      };
    case Errno.E2BIG:
      return attempt.ordered || attempt.preorder
        ? missingOrder(attempt)
        : { reason: 'there are 64 programs at this hook, the most that it can have' };
    default:
      return undefined;
  }
}

/** EPERM: the programs that are there, or those of a cgroup above, were attached so that they allow no other like this one. */
function forbidden({ sys }: Attachable, { folder, attachType, flag }: CgroupAttempt): Cause {
  const here = queryHook(sys, folder.fd, attachType);
  if (typeof here !== 'number' && here.attachFlag !== undefined && here.attachFlag !== flag)
    return {
      reason: `the programs there (id ${here.programIds.join(', ')}) were attached as ${here.attachFlag}, this one was to be as ${flag}`,
      advice: `Attach it with attachFlag '${here.attachFlag}', or detach those first.`,
    };
  const above = forbiddingParent(sys, folder.path, attachType);
  if (above)
    return {
      reason: `the cgroup above, ${above.path}, has program ${above.programIds.join(', ')} attached as none, which forbids any in the cgroups below it`,
      advice: 'Attach that program as allow_multi (a BPF link always is).',
    };
  return { reason: 'a security module (seccomp, SELinux, BPF LSM) forbids it' };
}

function forbiddingParent(sys: Attachable['sys'], path: string, attachType: number) {
  const mount = cgroup2Mount();
  let parent: string;
  try {
    parent = realpathSync(path);
  } catch {
    return undefined;
  }
  while (mount !== undefined && parent !== mount && parent.startsWith(mount)) {
    parent = dirname(parent);
    const folder = openCgroup(parent, `the cgroup above ${path}`);
    try {
      const hook = queryHook(sys, folder.fd, attachType);
      // The nearest that has programs decides.
      if (typeof hook !== 'number' && hook.attachFlag !== undefined)
        return hook.attachFlag === 'none' ? { path: parent, ...hook } : undefined;
    } finally {
      folder.close();
    }
  }
  return undefined;
}

/** Of Linux 6.17; before it BPF_PROG_ATTACH knew BPF_F_PREORDER only, since 6.15. */
export function missingOrder({ preorder, ordered, asLink }: CgroupAttempt) {
  if (preorder && !ordered && !asLink)
    return {
      reason: 'it knows no flag BPF_F_PREORDER',
      missing: { feature: 'programs of a cgroup that run before those below it', since: '6.15' },
    };
  return {
    reason: 'it attaches to a cgroup without flags',
    advice: preorder
      ? "With attachFlag 'allow_multi', which uses BPF_PROG_ATTACH, Linux 6.15 has preorder, too."
      : 'Attach the programs in the order in which they are to run.',
    missing: { feature: 'an order of programs of a cgroup', since: '6.17' },
  };
}

function invalid({ kernel, spec }: Attachable, attempt: CgroupAttempt): Cause {
  const { attachType, ordered, preorder, asLink } = attempt;
  const name = attachTypeName(attachType);
  if (spec.attachType !== attachType)
    return {
      reason: `the program was loaded for ${attachTypeName(spec.attachType)} and does not run at ${name}`,
      advice: 'Leave attachType out, or load it for the one that is meant.',
    };
  if (kernel.kconfig && kernel.kconfig.get('CONFIG_CGROUP_BPF') !== 'y')
    return { reason: 'it was built without CONFIG_CGROUP_BPF', missing: { feature: 'programs of cgroups' } };
  if (ordered && kernel.has('cgroup_order'))
    return {
      reason: asLink
        ? 'a BPF link has its place beside another link of the same attach type, which is preorder if this one is'
        : 'without a BPF link the place is beside a program attached in the same way, which is preorder if this one is',
    };
  if (ordered || preorder) return missingOrder(attempt);
  return {
    reason: asLink
      ? `a ${progTypeName(spec.type ?? 0)} program does not attach to ${name}`
      : `the program is attached there already, or a ${progTypeName(spec.type ?? 0)} program does not attach to ${name}`,
  };
}
