import type { Socket as Datagram } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { type FdSource, fdOf } from '../borrowed-fd.js';

/** A socket: Node's own, once it is bound or connected, or a descriptor of one. */
export type SocketSource = Socket | Server | Datagram | FdSource;

/** The descriptor of a socket. Throws TypeError for one that has none (not yet opened, closed, in a cluster's primary), and for what is none. */
export function socketFd(socket: unknown, what: string): number {
  const handle = handleOf(socket);
  if (handle === undefined) return fdOf(socket, what);
  const fd = (handle as { fd?: unknown } | null)?.fd;
  if (typeof fd !== 'number' || fd < 0)
    throw new TypeError(`${what}: the socket has no descriptor: it is closed, or not yet bound or connected`);
  return fd;
}

/** What Node keeps the descriptor in; null for a socket without one now, undefined for what is no socket of Node's. */
function handleOf(socket: unknown): unknown {
  if (typeof socket !== 'object' || socket === null) return undefined;
  // A datagram socket's `_handle` works too, but warns that it is deprecated.
  const state = Object.getOwnPropertySymbols(socket).find(symbol => symbol.description === 'state symbol');
  if (state) return (socket as Record<symbol, { handle?: unknown }>)[state]?.handle ?? null;
  return '_handle' in socket ? socket._handle : undefined;
}
