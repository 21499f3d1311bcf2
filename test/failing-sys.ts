import { BpfCmd } from '../src/abi/index.js';
import type { Sys } from '../src/syscall/index.js';

/** A {@link Sys} that counts calls, can make one of them fail, and knows which fds are open. */
export interface FailingSys {
  readonly sys: Sys;
  /** Calls so far that could be made to fail. */
  readonly calls: number;
  /** What is open now: fd to what made it. */
  readonly open: ReadonlyMap<number, string>;
  /** Closes of what was not open. */
  readonly strayCloses: readonly number[];
  /** The `n`-th call from now (1 is the next), and the `more` after it, answer `-errno` without reaching the kernel. */
  failAt(n: number, errno: number, more?: number): void;
}

const makeFd = new Map<number, string>(
  (
    [
      'BPF_MAP_CREATE',
      'BPF_PROG_LOAD',
      'BPF_BTF_LOAD',
      'BPF_LINK_CREATE',
      'BPF_RAW_TRACEPOINT_OPEN',
      'BPF_MAP_GET_FD_BY_ID',
      'BPF_PROG_GET_FD_BY_ID',
      'BPF_LINK_GET_FD_BY_ID',
      'BPF_BTF_GET_FD_BY_ID',
      'BPF_ITER_CREATE',
      'BPF_OBJ_GET',
    ] as const
  ).map(name => [BpfCmd[name], name]),
);

export function failingSys(inner: Sys): FailingSys {
  const open = new Map<number, string>();
  const strayCloses: number[] = [];
  let calls = 0;
  let failing: { readonly from: number; readonly to: number; readonly errno: number } | undefined;

  const guarded = <T>(call: () => T): T | number => {
    calls++;
    return failing && calls >= failing.from && calls <= failing.to ? -failing.errno : call();
  };
  const made = (result: number, what: string | undefined): number => {
    if (result >= 0 && what !== undefined) open.set(result, what);
    return result;
  };
  const sys: Sys = {
    poll: (...args) => inner.poll(...args),
    epollWait: epoll => inner.epollWait(epoll),
    addressOf: buffer => inner.addressOf(buffer),
    mountDetached: fstype => inner.mountDetached(fstype),
    bpf: (cmd, attr, size, pointed) =>
      made(
        guarded(() => inner.bpf(cmd, attr, size, pointed)),
        makeFd.get(cmd),
      ),
    perfEventOpen: (...args) =>
      made(
        guarded(() => inner.perfEventOpen(...args)),
        'perf_event_open',
      ),
    ioctl: (...args) => guarded(() => inner.ioctl(...args)),
    mmap: (...args) => guarded(() => inner.mmap(...args)),
    pidfdOpen: pid =>
      made(
        guarded(() => inner.pidfdOpen(pid)),
        'pidfd_open',
      ),
    epollCreate: () =>
      made(
        guarded(() => inner.epollCreate()),
        'epoll_create1',
      ),
    epollCtl: (...args) => guarded(() => inner.epollCtl(...args)),
    interfaceIndex: name => guarded(() => inner.interfaceIndex(name)),
    socket: (...args) =>
      made(
        guarded(() => inner.socket(...args)),
        'socket',
      ),
    send: (...args) => guarded(() => inner.send(...args)),
    receive: (...args) => guarded(() => inner.receive(...args)),
    setsockopt: (...args) => guarded(() => inner.setsockopt(...args)),
    openToAppend: path =>
      made(
        guarded(() => inner.openToAppend(path)),
        'openat',
      ),
    write: (...args) => guarded(() => inner.write(...args)),
    setMemlock: bytes => guarded(() => inner.setMemlock(bytes)),
    close(fd) {
      if (!open.delete(fd)) strayCloses.push(fd);
      return inner.close(fd);
    },
  };
  return {
    sys,
    get calls() {
      return calls;
    },
    open,
    strayCloses,
    failAt(n, errno, more = 0) {
      failing = { from: calls + n, to: calls + n + more, errno };
    },
  };
}
