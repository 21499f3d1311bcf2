import {
  attributeText,
  attributeU32,
  decodeAttributes,
  liveSys,
  type NetlinkAttributes,
  nestedAttributes,
  type RouteSocket,
  type Sys,
} from '../../../syscall/index.js';
import { interfaceIndex } from './network-interface.js';
import { accepted, ifinfomsg, withRouteSocket } from './rtnetlink.js';

/** Where XDP programs run: in the driver, in the kernel's network stack, on the device. */
export type XdpMode = 'native' | 'generic' | 'offload';

/** The XDP programs of a network interface: ids, by the mode they run in. An interface may have one of each. */
export type XdpPrograms = { readonly [mode in XdpMode]?: number };

const RTM_GETLINK = 18;
/** Attributes of include/uapi/linux/if_link.h. */
const IFLA_IFNAME = 3;
const IFLA_XDP = 43;
const IFLA_XDP_ATTACHED = 2;
const IFLA_XDP_PROG_ID = 4;
const programIds: Readonly<Record<XdpMode, number>> = {
  native: 5,
  generic: 6,
  offload: 7,
};
/** Values of IFLA_XDP_ATTACHED. */
const attachedModes: Readonly<Record<number, XdpMode>> = { 1: 'native', 2: 'generic', 3: 'offload' };
const ifinfomsgSize = 16;

/**
 * The XDP programs of a network interface, by name or index, as `ip link` shows them: whoever attached them, by a link or not. Linux 4.13.
 * Throws BpfError when this process's network namespace does not have it.
 */
export function queryXdp(nameOrIndex: string | number, { sys = liveSys() }: { sys?: Sys } = {}): XdpPrograms {
  const what = `the XDP programs of ${nameOrIndex}`;
  const ifindex = interfaceIndex(sys, nameOrIndex, what);
  return withRouteSocket(sys, what, socket => xdpPrograms(socket, ifindex, what));
}

export function xdpPrograms(socket: RouteSocket, ifindex: number, what: string): XdpPrograms {
  const request = { type: RTM_GETLINK, flags: 0, body: [ifinfomsg(ifindex)] };
  const [link] = accepted(socket.request(request), what).messages;
  return link ? interfaceIn(link).xdp : {};
}

/** A network interface of this process's network namespace, and its XDP programs. */
export interface InterfaceXdp {
  readonly name: string;
  readonly ifindex: number;
  readonly xdp: XdpPrograms;
}

/** Every network interface, by ascending index. */
export function listInterfaces(socket: RouteSocket, what: string): InterfaceXdp[] {
  const request = { type: RTM_GETLINK, flags: 0, body: [ifinfomsg(0)] };
  return accepted(socket.dump(request), what)
    .messages.map(interfaceIn)
    .sort((a, b) => a.ifindex - b.ifindex);
}

/** A message of RTM_NEWLINK. */
function interfaceIn(message: Uint8Array): InterfaceXdp {
  const [, ifindex = 0] = new Int32Array(message.slice(0, ifinfomsgSize).buffer);
  const attributes = decodeAttributes(message.subarray(ifinfomsgSize));
  return {
    name: attributeText(attributes, IFLA_IFNAME) ?? '',
    ifindex,
    xdp: programsIn(nestedAttributes(attributes, IFLA_XDP)),
  };
}

function programsIn(xdp: NetlinkAttributes): XdpPrograms {
  const programs: { [mode in XdpMode]?: number } = {};
  for (const mode of ['native', 'generic', 'offload'] as const) {
    const id = attributeU32(xdp, programIds[mode]);
    if (id) programs[mode] = id;
  }
  // Kernels before 4.19 tell of one program only.
  const only = attachedModes[xdp.get(IFLA_XDP_ATTACHED)?.[0] ?? 0];
  const id = attributeU32(xdp, IFLA_XDP_PROG_ID);
  if (only && id) programs[only] ??= id;
  return programs;
}
