import { BpfAttachType, BpfProgType } from '../../../abi/index.js';
import { UnsupportedFeatureError } from '../../../kernel/index.js';
import { attachTypeName } from '../../../object/index.js';
import { Errno } from '../../../syscall/index.js';
import { BPF_F_PREORDER } from '../attach-flags.js';
import type { Attachable } from '../attachable.js';
import { createLink } from '../bpf-link.js';
import type { LinkParts } from '../link.js';
import { type MprogOrder, orderFields } from '../mprog-order.js';
import { type CgroupAttempt, explainCgroup, missingOrder } from './cgroup-explain.js';
import { openCgroup } from './cgroup-folder.js';
import { attachWithoutLink } from './cgroup-legacy.js';
import { type CgroupAttachFlag, isCgroupHook } from './cgroup-query.js';

/**
 * A cgroup (version 2): what its processes do, and those of the cgroups in it.
 *
 * The place among other programs of the same cgroup and hook (`before`, `after`, `expectedRevision`) is Linux 6.17; that of a link is beside links.
 */
export interface CgroupTarget extends MprogOrder {
  readonly kind: 'cgroup';
  /** Path of its folder, or a fd of it. */
  readonly cgroup: string | number;
  /** `enum bpf_attach_type`. Default: the one that the program was loaded for. */
  readonly attachType?: number;
  /** Which packets a program of `SEC("cgroup/skb")` is for, whose section does not say so. */
  readonly direction?: 'ingress' | 'egress';
  /** Runs before the programs of the cgroups below. Default false. Linux 6.17; with `attachFlag` 6.15. */
  readonly preorder?: boolean;
  /**
   * Attaches without a BPF link, by BPF_PROG_ATTACH: beside others (`allow_multi`), alone until one of a cgroup below overrides it (`allow_override`), or alone
   * (`none`). Such an attachment outlives a process that is killed. Default: a link, which is `allow_multi`; before Linux 5.7 `allow_multi`.
   */
  readonly attachFlag?: CgroupAttachFlag;
  /** A program attached with `allow_multi`, whose place this one takes in one step. Attaches without a link, too. Linux 5.6. */
  readonly replace?: { readonly fd: number };
}

/**
 * Attaches to a cgroup: a BPF link (Linux 5.7, of lsm_cgroup 6.0), or BPF_PROG_ATTACH (4.10, `allow_multi` 4.15); kernel/bpf/cgroup.c.
 * Throws BpfError for what is no cgroup of version 2, and when a program there or above allows no other.
 */
export function attachCgroup(program: Attachable, target: CgroupTarget): LinkParts {
  const { kind, preorder = false, attachFlag, replace } = target;
  const attachType = attachTypeOf(program, target);
  const order = orderFields(target);
  const what = `${program.file}: program ${program.name}: attach to cgroup`;
  const folder = openCgroup(target.cgroup, what);
  const asLink = attachFlag === undefined && replace === undefined;
  const attempt: CgroupAttempt = {
    folder,
    attachType,
    flag: attachFlag ?? 'allow_multi',
    ordered: order !== undefined,
    preorder,
    asLink,
  };
  const flags = (order?.flags ?? 0) | (preorder ? BPF_F_PREORDER : 0);
  const withoutLink = () => {
    const attach = { ...attempt, asLink: false, cgroup: target.cgroup, flags, order, replace };
    return attachWithoutLink(program, attach);
  };
  // A revision alone is no flag, and what is behind the flags older kernels do not look at.
  if (asLink && order?.flags === 0 && !program.kernel.has('cgroup_order')) {
    folder.close();
    throw lacksOrder(program, attempt);
  }
  let refused = 0;
  const explain = (errno: number) => {
    refused = errno;
    return explainCgroup(program, attempt, errno);
  };
  try {
    if (!asLink) return withoutLink();
    return createLink(
      program,
      { kind, target: folder.path, explain },
      {
        target_fd: folder.fd,
        attach_type: attachType,
        flags,
        ...(order
          ? { cgroup: { relative_fd: order.relative_fd, expected_revision: order.expected_revision } }
          : {}),
      },
    );
  } catch (error) {
    if (refused !== Errno.EINVAL || program.kernel.has('cgroup_link')) throw error;
    return withoutLink();
  } finally {
    folder.close();
  }
}

function attachTypeOf({ spec, file, name }: Attachable, target: CgroupTarget): number {
  const type = target.attachType ?? directionOf(target.direction) ?? spec.attachType;
  // Asked first: for an attach type of something else the kernel would take the fd for what that is attached to, e.g. the number of an interface.
  if (!isCgroupHook(type))
    throw new TypeError(
      `${file}: program ${name}: programs for ${attachTypeName(type)} do not attach to cgroups`,
    );
  const said = target.attachType !== undefined || target.direction !== undefined;
  if (said || spec.type !== BpfProgType.BPF_PROG_TYPE_CGROUP_SKB || /^\??cgroup_skb\//.test(spec.section))
    return type;
  throw new TypeError(
    `${file}: program ${name}: ${spec.section} does not say which packets it is for: give direction: 'ingress' or 'egress'`,
  );
}

function directionOf(direction: CgroupTarget['direction']): number | undefined {
  switch (direction) {
    case undefined:
      return undefined;
    case 'ingress':
      return BpfAttachType.BPF_CGROUP_INET_INGRESS;
    case 'egress':
      return BpfAttachType.BPF_CGROUP_INET_EGRESS;
    default:
      throw new TypeError(`direction: must be 'ingress' or 'egress', not ${JSON.stringify(direction)}`);
  }
}

function lacksOrder({ file, name }: Attachable, attempt: CgroupAttempt): UnsupportedFeatureError {
  const { missing, reason, advice = '' } = missingOrder(attempt);
  const what = `${file}: program ${name}: attach to cgroup ${attempt.folder.path}`;
  return new UnsupportedFeatureError(missing.feature, { what, reason, since: missing.since, advice });
}
