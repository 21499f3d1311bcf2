import { BpfProgType } from '../../../abi/index.js';
import { lackOfNetAdmin, readFacts } from '../../../kernel/index.js';
import { parseAddress } from '../../../maps/index.js';
import {
  Errno,
  encodeAttributes,
  type NetlinkAttribute,
  type NetlinkReply,
  NLM_F_CREATE,
  NLM_F_EXCL,
  type Sys,
} from '../../../syscall/index.js';
import { attachRefused, type RefusedAttach } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import type { Holder, LinkParts } from '../link.js';
import { encapsulation } from './lwt-encap.js';
import { interfaceIndex } from './network-interface.js';
import { accepted, kernelSays, withRouteSocket } from './rtnetlink.js';

/** The packets of a route, which is made for it (`lwt_in`, `lwt_out`, `lwt_xmit`, `lwt_seg6local`). */
export interface LwtTarget {
  readonly kind: 'lwt';
  /** The packets' destinations: `10.1.0.0/16`, `fd00::/64`, one address. */
  readonly route: string;
  /** Where they go, by name or index. */
  readonly interface: string | number;
  /** Address of the next router. Default: the destinations are neighbors. */
  readonly gateway?: string;
  /** Which of several routes to the same destinations is taken: the smallest. Default: the kernel's, 0 for IPv4, 1024 for IPv6. */
  readonly metric?: number;
  /** Routing table. Default 254, the main one. */
  readonly table?: number;
  /** Bytes that a program of `lwt_xmit` may push before a packet, at most 256. Default 0. */
  readonly headroom?: number;
}

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
/** Attributes of include/uapi/linux/rtnetlink.h. */
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_TABLE = 15;
const [AF_INET, AF_INET6] = [2, 10];
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const [RT_SCOPE_UNIVERSE, RT_SCOPE_LINK] = [0, 253];
const RTN_UNICAST = 1;

/**
 * Attaches to the packets of a new route, through which they come (`lwt_in`), are sent (`lwt_out`) or leave (`lwt_xmit`; Linux 4.10, net/core/lwt_bpf.c), or whose
 * IPv6 segment routing header names one of its addresses (`lwt_seg6local`, Linux 4.18, net/ipv6/seg6_local.c). Closing removes the route; a process that is
 * killed leaves it. Throws BpfError when there is such a route.
 */
export function attachLwt(program: Attachable, target: LwtTarget): LinkParts {
  const { sys, name, file } = program;
  const { kind, route } = target;
  const what = `${file}: program ${name}: attach to ${kind} ${route}`;
  const body = routeMessage(target, interfaceIndex(sys, target.interface, what));
  const encap = encodeAttributes(encapsulation(program, target.headroom));
  return withRouteSocket(sys, what, socket => {
    const flags = NLM_F_CREATE | NLM_F_EXCL;
    const reply = socket.request({ type: RTM_NEWROUTE, flags, body: [...body, encap] });
    if (reply.errno === 0)
      return { sys, kind, program: name, target: route, holders: [new Route(sys, body, what)] };
    const cause = explain(program, target, reply);
    throw attachRefused(program, { syscall: 'netlink', kind, target: route, errno: reply.errno, cause });
  });
}

/** `struct rtmsg` and its attributes, without the program. */
function routeMessage(target: LwtTarget, ifindex: number): Uint8Array[] {
  const { route, gateway, metric, table = RT_TABLE_MAIN } = target;
  const [, text = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(route) ?? [];
  const destination = address('route', text);
  const bits = 8 * destination.length;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) throw new TypeError(`route: ${route}: an address has ${bits} bits`);
  const via = gateway === undefined ? undefined : address('gateway', gateway);
  if (via && via.length !== destination.length)
    throw new TypeError(`gateway: ${gateway} is of another family than ${route}`);
  const rtmsg = new Uint8Array(12);
  rtmsg[0] = bits === 32 ? AF_INET : AF_INET6;
  rtmsg[1] = prefix;
  rtmsg[4] = table < 256 ? table : 0;
  rtmsg[5] = RTPROT_STATIC;
  rtmsg[6] = via || bits === 128 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  rtmsg[7] = RTN_UNICAST;
  const attributes: NetlinkAttribute[] = [
    [RTA_DST, destination],
    [RTA_OIF, ifindex],
    [RTA_TABLE, table],
  ];
  if (via) attributes.push([RTA_GATEWAY, via]);
  if (metric !== undefined) attributes.push([RTA_PRIORITY, metric]);
  return [rtmsg, encodeAttributes(attributes)];
}

function address(field: string, text: string): Uint8Array {
  try {
    return parseAddress(text);
  } catch (cause) {
    throw new TypeError(`${field}: ${JSON.stringify(text)} is no IPv4 or IPv6 address`, { cause });
  }
}

/** Our route. */
class Route implements Holder {
  readonly #sys: Sys;
  readonly #body: readonly Uint8Array[];
  readonly #what: string;
  #open = true;

  constructor(sys: Sys, body: readonly Uint8Array[], what: string) {
    this.#sys = sys;
    this.#body = body;
    this.#what = what;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    withRouteSocket(this.#sys, this.#what, socket => {
      const reply = socket.request({ type: RTM_DELROUTE, flags: 0, body: this.#body });
      // Somebody else removed it, or the interface went, and with it the route.
      if (reply.errno !== Errno.ESRCH && reply.errno !== Errno.ENODEV) accepted(reply, this.#what);
    });
  }
}

function explain(program: Attachable, { route }: LwtTarget, reply: NetlinkReply): RefusedAttach['cause'] {
  const said = kernelSays(reply);
  switch (reply.errno) {
    case Errno.EPERM:
      return lackOfNetAdmin(readFacts(program.kernel));
    case Errno.EEXIST:
      return {
        reason: said ?? `there is a route to ${route} of this metric`,
        advice: 'Give this one another metric; the smallest is taken.',
      };
    case Errno.EOPNOTSUPP: {
      const seg6 = program.spec.type === BpfProgType.BPF_PROG_TYPE_LWT_SEG6LOCAL;
      return seg6
        ? {
            reason: `${said ?? 'this kernel has no such routes'}: CONFIG_IPV6_SEG6_LWTUNNEL and CONFIG_IPV6_SEG6_BPF`,
            missing: { feature: 'IPv6 segment routing by BPF', since: '4.18' },
          }
        : {
            reason: `${said ?? 'this kernel has no such routes'}: CONFIG_LWTUNNEL_BPF`,
            missing: { feature: 'routes that run BPF', since: '4.10' },
          };
    }
    case Errno.EINVAL:
      return {
        reason:
          said ??
          'the bits of the address after the prefix are not 0, the gateway cannot be reached, or an IPv4 route was to run a program of lwt_seg6local',
      };
    default:
      return said ? { reason: said } : undefined;
  }
}
