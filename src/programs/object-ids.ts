import { BpfCmd } from '../abi/index.js';
import { BpfError, bpf, bpfInOut, Errno, OwnedFd, type Sys } from '../syscall/index.js';
import type { ObjectKind } from './object-kind.js';

const commands = {
  program: {
    next: BpfCmd.BPF_PROG_GET_NEXT_ID,
    get: BpfCmd.BPF_PROG_GET_FD_BY_ID,
    field: 'prog_id',
  },
  link: { next: BpfCmd.BPF_LINK_GET_NEXT_ID, get: BpfCmd.BPF_LINK_GET_FD_BY_ID, field: 'link_id' },
} as const;

/**
 * What `read` makes of every program or link of the kernel, by ascending id, given an fd that is closed afterwards. Those that go away meanwhile are
 * passed over. Throws BpfError.
 */
export function* eachObject<T>(
  sys: Sys,
  kind: ObjectKind,
  read: (fd: number, what: string) => T,
): Generator<T, void, undefined> {
  for (let id = 0; ; ) {
    const { result, attr } = bpfInOut(sys, commands[kind].next, { start_id: id });
    if (result === -Errno.ENOENT) return;
    if (result < 0) throw idError(commands[kind].next, -result, kind, `${kind} after id ${id}`);
    id = Number(attr['next_id']);
    const what = `${kind} of id ${id}`;
    const fd = bpf(sys, commands[kind].get, { [commands[kind].field]: id });
    if (fd === -Errno.ENOENT) continue;
    if (fd < 0) throw idError(commands[kind].get, -fd, kind, what);
    yield readAndClose(new OwnedFd(sys, fd), fd => read(fd, what));
  }
}

function readAndClose<T>(owned: OwnedFd, read: (fd: number) => T): T {
  using fd = owned;
  return read(fd.value);
}

/** Opens a program or link by its id. Throws BpfError. */
export function fdById(sys: Sys, kind: ObjectKind, id: number, what: string): number {
  const { get, field } = commands[kind];
  const fd = bpf(sys, get, { [field]: id });
  if (fd < 0) throw idError(get, -fd, kind, what);
  return fd;
}

function idError(cmd: number, errno: number, kind: ObjectKind, what: string): BpfError {
  const hint = hintOf(errno, kind);
  return new BpfError({ syscall: 'bpf', cmd, errno, what, ...(hint ? { hint } : {}) });
}

function hintOf(errno: number, kind: ObjectKind): string | undefined {
  switch (errno) {
    case Errno.ENOENT:
      return `the kernel has no ${kind} of this id`;
    case Errno.EPERM:
      return `${kind}s are opened by id, and listed, with CAP_SYS_ADMIN only`;
    case Errno.EAGAIN:
      return 'it is being made at this moment';
    case Errno.EINVAL:
      return kind === 'link' ? 'links have had ids since Linux 5.8' : undefined;
    default:
      return undefined;
  }
}
