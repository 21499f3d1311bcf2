import { readFacts } from '../../kernel/index.js';
import { Errno } from '../../syscall/index.js';
import type { RefusedAttach } from './attach-refused.js';
import type { Attachable } from './attachable.js';
import { createLink } from './bpf-link.js';
import type { LinkParts } from './link.js';
import { interfaceIndex } from './network-interface.js';
import { lackOfNetAdmin } from './rtnetlink.js';
import { attachXdpWithoutLink } from './xdp-netlink.js';
import { queryXdp, type XdpMode } from './xdp-query.js';

/** The packets that a network interface receives, before the kernel's stack sees them. */
export interface XdpTarget {
  readonly kind: 'xdp';
  /** Name or index. */
  readonly interface: string | number;
  /**
   * Where it runs: in the driver, in the network stack (any driver, slower), on the device (the program loaded for it). Default: in the driver where that can, else
   * in the stack.
   */
  readonly mode?: XdpMode;
}

/** `XDP_FLAGS_*` of include/uapi/linux/if_link.h. */
const modeFlags: Readonly<Record<XdpMode, number>> = { generic: 1 << 1, native: 1 << 2, offload: 1 << 3 };

/** What a refusal is explained by. */
export interface XdpAttempt {
  readonly program: Attachable;
  readonly target: XdpTarget;
  readonly ifindex: number;
}

/**
 * Attaches to a network interface: a BPF link (Linux 5.9), before that by netlink (4.8), which outlives a process that is killed; net/core/dev.c.
 * Throws BpfError when the interface has a program already, or its driver cannot do it.
 */
export function attachXdp(program: Attachable, target: XdpTarget): LinkParts {
  const { kind, mode } = target;
  const place = String(target.interface);
  const ifindex = interfaceIndex(
    program.sys,
    target.interface,
    `${program.file}: program ${program.name}: attach to ${kind} ${place}`,
  );
  if (mode !== undefined && !(mode in modeFlags))
    throw new TypeError(
      `mode: ${JSON.stringify(mode)} is none; there are ${Object.keys(modeFlags).join(', ')}`,
    );
  const flags = mode ? modeFlags[mode] : 0;
  const attempt = { program, target, ifindex };
  try {
    const explain = (errno: number) => explainXdp(attempt, errno);
    return createLink(program, { kind, target: place, explain }, { target_ifindex: ifindex, flags });
  } catch (error) {
    // Asking first whether the kernel has such links would take more calls than the attachment.
    if (program.kernel.has('xdp_link')) throw error;
    return attachXdpWithoutLink(attempt, flags);
  }
}

/** Why (dev_xdp_attach() in net/core/dev.c, and the drivers). */
export function explainXdp(
  { program, target, ifindex }: XdpAttempt,
  errno: number,
  said?: string,
): RefusedAttach['cause'] {
  const name = target.interface;
  switch (errno) {
    case Errno.EPERM:
      return lackOfNetAdmin(readFacts(program.kernel));
    case Errno.EBUSY:
      return {
        reason: `${said ?? occupied(program, ifindex)}, and an interface takes one program in each mode`,
        advice: `Close the link that holds it ("bpftool net" and "bpftool link" show whose it is), or without a link "ip link set dev ${name} xdp off". Link.update() replaces the program of a link.`,
      };
    case Errno.EEXIST:
      return {
        reason:
          said ??
          'another program runs there in the other mode (native and generic exclude each other), or at the bond or bridge that the interface belongs to',
        advice: '"ip link" shows the programs of interfaces and their modes.',
      };
    case Errno.EOPNOTSUPP:
      return {
        reason: said ?? 'the driver of this interface has no XDP, or not as the interface is set up',
        advice:
          "mode: 'generic' works with every driver; for native mode turn off LRO and GRO_HW with ethtool -K.",
      };
    case Errno.ERANGE:
    case Errno.EMSGSIZE:
      return tooLongPackets(said);
    case Errno.ENOSPC:
      return {
        reason: said ?? 'the interface has fewer receive queues than its peer has for sending',
        advice: `ethtool -L ${name} changes them.`,
      };
    case Errno.EINVAL:
      return { reason: said ?? invalid(program, target) };
    default:
      return said === undefined ? undefined : { reason: said };
  }
}

function tooLongPackets(said: string | undefined): RefusedAttach['cause'] {
  return {
    reason:
      said ??
      'the MTU of the interface, or of its veth peer, is too large for a program that wants packets in one piece',
    advice:
      'Lower the MTU (ip link set mtu), or have the program take fragments: SEC("xdp.frags"), Linux 5.18.',
  };
}

function occupied({ sys }: Attachable, ifindex: number): string {
  try {
    const programs = Object.entries(queryXdp(ifindex, { sys }));
    if (programs.length > 0)
      return programs.map(([mode, id]) => `program ${id} runs there already (${mode})`).join(', ');
  } catch {
    // The refusal itself is told.
  }
  return 'a program runs there already';
}

function invalid({ spec }: Attachable, { interface: name, mode }: XdpTarget): string {
  if (/\/(devmap|cpumap)\b/.test(spec.section))
    return `programs of section ${spec.section} run from a map of devices or CPUs: map.set(key, { …, program })`;
  if (mode === 'offload') return `the program was not loaded for ${name}`;
  return `there is no interface ${name} in this network namespace, it takes no program as it is set up (MTU, LRO), or it has several and the mode has to be named`;
}
