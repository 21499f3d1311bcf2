import { BpfError, hostInt32, type NetlinkReply, RouteSocket, type Sys } from '../../../syscall/index.js';

/** Opens a routing netlink socket for `use` and closes it. Throws BpfError when there is none to be had. */
export function withRouteSocket<T>(sys: Sys, what: string, use: (socket: RouteSocket) => T): T {
  const socket = RouteSocket.open(sys);
  if (typeof socket === 'number') throw new BpfError({ syscall: 'socket', errno: -socket, what });
  try {
    return use(socket);
  } finally {
    socket.close();
  }
}

/** What the kernel said in words, as a reason. */
export function kernelSays({ text }: NetlinkReply): string | undefined {
  return text === undefined ? undefined : `the kernel says: ${text}`;
}

/** Throws BpfError for a refusal. */
export function accepted(reply: NetlinkReply, what: string): NetlinkReply {
  if (reply.errno === 0) return reply;
  const hint = kernelSays(reply);
  throw new BpfError({ syscall: 'netlink', errno: reply.errno, what, ...(hint ? { hint } : {}) });
}

/** `struct ifinfomsg` of an interface; include/uapi/linux/rtnetlink.h. */
export function ifinfomsg(ifindex: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(hostInt32(ifindex), 4);
  return bytes;
}
