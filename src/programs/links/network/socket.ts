import { readlinkSync } from 'node:fs';
import { BpfAttachType, BpfProgType } from '../../../abi/index.js';
import { type Cause, UnsupportedFeatureError } from '../../../kernel/index.js';
import { type SocketSource, socketFd } from '../../../maps/index.js';
import { progTypeName } from '../../../object/index.js';
import {
  BpfError,
  Errno,
  SO_ATTACH_BPF,
  SO_ATTACH_REUSEPORT_EBPF,
  SO_DETACH_BPF,
  SO_DETACH_REUSEPORT_BPF,
  SOL_SOCKET,
  type Sys,
} from '../../../syscall/index.js';
import { attachRefused } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import type { LinkParts } from '../link.js';

/**
 * One socket: of socket filters what it receives, of sk_reuseport programs which of the sockets that share its port a packet or connection is for.
 * The program stays with the socket, also when this process ends, until the link or the socket is closed; one that chooses, until the last of the
 * sockets is, unless the link is closed before this one.
 */
export interface SocketTarget {
  readonly kind: 'socket';
  /** A socket of Node that is bound or connected, or a fd. */
  readonly socket: SocketSource;
  /** Has a socket filter choose among the sockets that share the port, by the index that it returns. Default: true for sk_reuseport programs only. */
  readonly reuseport?: boolean;
}

/**
 * Attaches to a socket, in place of the program that it has: SO_ATTACH_BPF (Linux 3.19), SO_ATTACH_REUSEPORT_EBPF (4.5, for sk_reuseport programs 4.19);
 * net/core/sock.c, net/core/filter.c. There is no BPF link for it.
 */
export function attachSocket(program: Attachable, target: SocketTarget): LinkParts {
  const { sys, spec, name } = program;
  const { reuseport = spec.type === BpfProgType.BPF_PROG_TYPE_SK_REUSEPORT } = target;
  const fd = socketFd(target.socket, `${program.file}: program ${name}: attach to a socket`);
  requireMigration(program);
  const inode = inodeOf(fd);
  const place = inode ?? `fd ${fd}`;
  const option = reuseport ? SO_ATTACH_REUSEPORT_EBPF : SO_ATTACH_BPF;
  const value = new Uint8Array(Int32Array.of(program.fd).buffer);
  const result = sys.setsockopt(fd, SOL_SOCKET, option, value);
  if (result < 0)
    throw attachRefused(program, {
      syscall: 'setsockopt',
      kind: 'socket',
      target: place,
      errno: -result,
      cause: explain(program, reuseport, -result),
    });
  const detach = {
    close: () => {
      // The number may by now be that of another socket, from which nothing is to be taken.
      if (inode === undefined || inodeOf(fd) !== inode) return;
      detachFrom(sys, fd, reuseport, `program ${name}: detach from ${place}`);
    },
  };
  return { sys, kind: 'socket', program: name, target: place, holders: [detach] };
}

/** Kernels before 5.14 load such a program, too, and never run it for a migration. */
function requireMigration({ kernel, spec, file, name }: Attachable): void {
  if (spec.attachType !== BpfAttachType.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE || kernel.has('reuseport_migrate'))
    return;
  throw new UnsupportedFeatureError('sk_reuseport programs that migrate connections', {
    what: `${file}: program ${name}`,
    reason: 'its context has no migrating_sk',
    since: '5.14',
    advice: 'Put it into SEC("sk_reuseport") to choose among sockets only.',
  });
}

function detachFrom(sys: Sys, fd: number, reuseport: boolean, what: string): void {
  const option = reuseport ? SO_DETACH_REUSEPORT_BPF : SO_DETACH_BPF;
  const result = sys.setsockopt(fd, SOL_SOCKET, option, new Uint8Array(4));
  // Something else has taken it away; or there is no taking away from a group of sockets before Linux 5.3, and it ends with them.
  if (result >= 0 || result === -Errno.ENOENT || (reuseport && result === -Errno.ENOPROTOOPT)) return;
  throw new BpfError({ syscall: 'setsockopt', errno: -result, what });
}

/** `socket:[12345]`; undefined when the fd is closed. */
function inodeOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

function explain({ spec }: Attachable, reuseport: boolean, errno: number): Cause | undefined {
  const type = progTypeName(spec.type ?? 0);
  switch (errno) {
    case Errno.EINVAL: {
      const taken = reuseport ? ['sk_reuseport', 'socket_filter'] : ['socket_filter'];
      if (!taken.includes(type)) return { reason: `a ${type} program does not run at a socket` };
      return reuseport
        ? {
            reason: 'the socket does not share its port',
            advice: 'Set SO_REUSEPORT before it is bound.',
          }
        : undefined;
    }
    case Errno.EPERM:
      return { reason: 'the filter of this socket is locked (SO_LOCK_FILTER)' };
    case Errno.ENOMEM:
      return {
        reason: 'the socket has no room for the program',
        advice: 'Raise net.core.optmem_max.',
      };
    case Errno.ENOTSOCK:
      return { reason: 'it is no socket' };
    case Errno.EBADF:
      return { reason: 'there is no open file of this number' };
    case Errno.ENOPROTOOPT:
      return {
        reason: 'it does not know the socket option',
        missing: { feature: 'programs of sockets that share a port', since: '4.5' },
      };
    default:
      return undefined;
  }
}
