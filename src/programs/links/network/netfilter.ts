import { BpfAttachType } from '../../../abi/index.js';
import { lackOfNetAdmin, readFacts } from '../../../kernel/index.js';
import { Errno } from '../../../syscall/index.js';
import type { RefusedAttach } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import { createLink } from '../bpf-link.js';
import type { LinkParts } from '../link.js';

/** NF_INET_* of include/uapi/linux/netfilter.h, in order. */
const hooks = ['pre_routing', 'local_in', 'forward', 'local_out', 'post_routing'] as const;
/** Where a packet is on its way through the network stack. */
export type NetfilterHook = (typeof hooks)[number];

/** A hook of netfilter, in the network namespace of this process. Linux 6.4. */
export interface NetfilterTarget {
  readonly kind: 'netfilter';
  /** Whose packets. Default: `'ipv4'`. */
  readonly family?: 'ipv4' | 'ipv6';
  readonly hook: NetfilterHook;
  /**
   * Smaller ones run first: -2147483647 to 2147483646. One of each is taken by one program; netfilter's own are at -400 (defragmentation), -300 (raw), -200 (connection
   * tracking), -150 (mangle), -100 (destination NAT), 0 (filter), 50 (security), 100 (source NAT). Default 0.
   */
  readonly priority?: number;
  /** Puts fragments together before the program sees them; then the priority must be above -400. Default false. Linux 6.6. */
  readonly defrag?: boolean;
}

/** NFPROTO_* and a flag of links. */
const families = { ipv4: 2, ipv6: 10 } as const;
const BPF_F_NETFILTER_IP_DEFRAG = 1;

/** Attaches to a hook of netfilter: a BPF link, Linux 6.4; net/netfilter/nf_bpf_link.c. Throws BpfError when another program has the priority. */
export function attachNetfilter(program: Attachable, target: NetfilterTarget): LinkParts {
  const { kind, family = 'ipv4', hook, priority = 0, defrag = false } = target;
  const hooknum = hooks.indexOf(hook);
  if (hooknum < 0) throw new TypeError(`hook: must be one of ${hooks.join(', ')}`);
  if (!Object.hasOwn(families, family)) throw new TypeError("family: must be 'ipv4' or 'ipv6'");
  if (priority !== (priority | 0)) throw new TypeError('priority: must be a whole number of 32 bits');
  const explain = (errno: number) => explainNetfilter(program, priority, errno);
  return createLink(
    program,
    { kind, target: `${family} ${hook}`, explain },
    {
      attach_type: BpfAttachType.BPF_NETFILTER,
      netfilter: { pf: families[family], hooknum, priority, flags: defrag ? BPF_F_NETFILTER_IP_DEFRAG : 0 },
    },
  );
}

function explainNetfilter(program: Attachable, priority: number, errno: number): RefusedAttach['cause'] {
  switch (errno) {
    case Errno.EPERM:
      return lackOfNetAdmin(readFacts(program.kernel));
    case Errno.EBUSY:
      return {
        reason: `another BPF program runs there with priority ${priority}`,
        advice: 'Give this one another priority; "bpftool link" shows those taken.',
      };
    case Errno.ERANGE:
      return {
        reason: 'this priority is reserved, or with defrag not above -400',
        advice: 'Take one from -2147483647 to 2147483646.',
      };
    case Errno.E2BIG:
      return { reason: 'there are 1024 hooks, the most that there can be' };
    case Errno.ENOENT:
    case Errno.EAFNOSUPPORT:
      return {
        reason:
          'this kernel cannot defragment for BPF: CONFIG_NF_DEFRAG_IPV4, CONFIG_NF_DEFRAG_IPV6 (modprobe nf_defrag_ipv4)',
      };
    case Errno.EINVAL:
      return {
        reason: 'defrag is newer than this kernel (Linux 6.6), or the program is not of SEC("netfilter")',
      };
    default:
      return undefined;
  }
}
