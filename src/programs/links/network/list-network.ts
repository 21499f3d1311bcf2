import { BpfCmd } from '../../../abi/index.js';
import { errorFor, Kernel, lackOfNetAdmin, readFacts, versionCode } from '../../../kernel/index.js';
import { Errno, liveSys, type Sys } from '../../../syscall/index.js';
import type { NetfilterLinkInfo } from '../info/link-info-types.js';
import { listLinks } from '../list-links.js';
import { deviceAttachTypes } from './device-link.js';
import { askDevice } from './device-query.js';
import { type NetnsPrograms, queryNetns } from './netns-query.js';
import { interfaceIndex } from './network-interface.js';
import { withRouteSocket } from './rtnetlink.js';
import { type TcFilterInfo, tcFilters } from './tc-query.js';
import { listInterfaces, type XdpPrograms } from './xdp-query.js';

/** A network interface, and all the programs that are attached to it. */
export interface InterfacePrograms {
  readonly name: string;
  readonly ifindex: number;
  readonly xdp: XdpPrograms;
  /** In the order in which they run, at each side. */
  readonly device: readonly {
    readonly side: `tcx/${'ingress' | 'egress'}` | `netkit/${'primary' | 'peer'}`;
    readonly programId: number;
    /** Undefined for one that no link holds. */
    readonly linkId: number | undefined;
  }[];
  readonly filters: readonly TcFilterInfo[];
}

/** The programs of the network. */
export interface NetworkPrograms extends NetnsPrograms {
  /** By ascending index. */
  readonly interfaces: readonly InterfacePrograms[];
  /** Of all network namespaces, because the kernel tells of none which it is of. In the order in which they run. */
  readonly netfilter: readonly NetfilterLinkInfo[];
}

export interface ListNetworkOptions {
  /** Name or index of one interface. Default: all. */
  readonly interface?: string | number;
  /** Default: this machine's kernel. */
  readonly sys?: Sys;
}

/**
 * What runs in the network namespace of this process: XDP, tcx, netkit, filters of traffic control, the flow dissector, sk_lookup; and netfilter. It is what
 * `bpftool net` shows, and sk_lookup. What the kernel does not have is left out. Throws BpfError.
 */
export function listNetwork({ interface: only, sys = liveSys() }: ListNetworkOptions = {}): NetworkPrograms {
  const what = 'the programs of the network';
  const ifindex = only === undefined ? undefined : interfaceIndex(sys, only, what);
  const netns = queryNetns({ sys });
  const interfaces = withRouteSocket(sys, what, socket =>
    listInterfaces(socket, what)
      .filter(found => ifindex === undefined || found.ifindex === ifindex)
      .map(found => ({
        ...found,
        device: devicePrograms(sys, found.ifindex, what),
        filters: tcFilters(socket, found.ifindex, what),
      })),
  );
  return { ...netns, interfaces, netfilter: netfilterLinks(sys) };
}

const sides = {
  'tcx/ingress': deviceAttachTypes.ingress,
  'tcx/egress': deviceAttachTypes.egress,
  'netkit/primary': deviceAttachTypes.primary,
  'netkit/peer': deviceAttachTypes.peer,
} as const;

function devicePrograms(sys: Sys, ifindex: number, what: string): InterfacePrograms['device'] {
  return Object.entries(sides).flatMap(([side, attachType]) => {
    const found = askDevice(sys, ifindex, attachType);
    if (found === Errno.EPERM) {
      const cause = lackOfNetAdmin(readFacts(Kernel.running(sys)));
      throw errorFor(cause, { syscall: 'bpf', cmd: BpfCmd.BPF_PROG_QUERY, errno: found, what });
    }
    // Another errno: a kernel that does not have it, an interface that is no netkit device, or is gone.
    if (typeof found === 'number') return [];
    return found.programs.map(({ id, linkId }) => ({
      side: side as keyof typeof sides,
      programId: id,
      linkId,
    }));
  });
}

function netfilterLinks(sys: Sys): NetfilterLinkInfo[] {
  const links: NetfilterLinkInfo[] = [];
  if (Kernel.running(sys).versionCode < versionCode('6.4')) return links;
  for (const link of listLinks(sys)) if (link.typeName === 'netfilter') links.push(link);
  return links.sort(
    (a, b) => a.pf - b.pf || a.hooknum - b.hooknum || a.priority - b.priority || a.flags - b.flags,
  );
}
