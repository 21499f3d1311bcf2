import { lackOfNetAdmin, readFacts } from '../../../kernel/index.js';
import { Errno } from '../../../syscall/index.js';
import type { RefusedAttach } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import type { XdpTarget } from './xdp.js';
import { queryXdp } from './xdp-query.js';

/** What a refusal is explained by. */
export interface XdpAttempt {
  readonly program: Attachable;
  readonly target: XdpTarget;
  readonly ifindex: number;
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
