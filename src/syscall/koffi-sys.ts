import { constants, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { UnsupportedPlatformError } from './bpf-error.js';
import { Errno } from './errno.js';
import { syscallNumbers } from './numbers.js';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLIN,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  type Mapping,
  type Pointed,
  PROT_READ,
  PROT_WRITE,
  type Sys,
} from './sys.js';
import { pollByTimer } from './thread-poll.js';

type Koffi = typeof import('koffi');
/** `long syscall(long, …)` with the argument types of one call. */
type Call = (...args: unknown[]) => number;

/** `RLIMIT_MEMLOCK`, the same on all architectures that {@link syscallNumbers} lists. */
const RLIMIT_MEMLOCK = 8;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;
const EPOLL_CLOEXEC = 0o2000000;
/** Events taken by one epoll_wait. */
const MAX_EPOLL_EVENTS = 16;
/** Bytes of the longest ArrayBuffer of V8 in Node 20. */
const longestView = 2 ** 32;

/** It is an optional dependency: what reads files works without it. */
function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi');
  } catch (error) {
    const [why] = String((error as Error).message).split('\n');
    throw new UnsupportedPlatformError(
      `koffi, which makes the system calls, does not load: ${why}; npm install koffi (inspect, disasm and plan work without)`,
      { cause: error },
    );
  }
}

/** What node:fs answers, which throws for a failure. */
function fileCall(call: () => number): number {
  try {
    return call();
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    if (errno === undefined) throw error;
    return errno;
  }
}

/** {@link Sys} over koffi: raw syscall(2) with one fixed prototype a call. koffi reads and calls; nothing is compiled. */
export function koffiSys(): Sys {
  const numbers = process.platform === 'linux' ? syscallNumbers[process.arch] : undefined;
  if (!numbers)
    throw new UnsupportedPlatformError(
      `bpf() needs Linux on ${Object.keys(syscallNumbers).join(', ')}; this is ${process.platform} on ${process.arch} (inspect, disasm and plan work everywhere)`,
    );
  const koffi = loadKoffi();
  const libc = koffi.load(null);
  const declare = (...args: string[]): Call =>
    libc.func('syscall', 'long', ['long', ...args]) as unknown as Call;
  /** koffi.errno() is stale after a success, so it is read only for -1. */
  const result = (value: number): number => (value < 0 ? -koffi.errno() : value);

  const bpfCall = declare('long', 'void *', 'uint');
  /** A number is converted faster than a typed array. */
  const bpfCallAt = declare('long', 'uint64', 'uint');
  const perfCall = declare('void *', 'int', 'int', 'int', 'ulong');
  const ioctlCall = declare('int', 'ulong', 'uint64');
  const mmapCall = libc.func('mmap', 'int64', [
    'uint64',
    'size_t',
    'int',
    'int',
    'int',
    'int64',
  ]) as unknown as (...args: unknown[]) => number | bigint;
  const vmCall = declare('int', 'void *', 'ulong', 'void *', 'ulong', 'ulong');
  const munmapCall = declare('uint64', 'size_t');
  const closeCall = declare('int');
  const pidfdOpenCall = declare('int', 'uint');
  const nameToIndexCall = libc.func('if_nametoindex', 'uint', ['str']) as unknown as Call;
  const socketCall = declare('int', 'int', 'int');
  /** sendto and recvfrom, of no address. */
  const transferCall = declare('int', 'void *', 'size_t', 'int', 'void *', 'void *');
  const setsockoptCall = declare('int', 'int', 'int', 'void *', 'uint');
  const prlimitCall = declare('int', 'int', 'void *', 'void *');
  const fsopenCall = declare('str', 'uint');
  const fsconfigCall = declare('int', 'uint', 'void *', 'void *', 'int');
  const epollCreateCall = declare('int');
  const epollCtlCall = declare('int', 'int', 'int', 'void *');
  // epoll_pwait: newer architectures have no epoll_wait.
  const epollWaitCall = declare('int', 'void *', 'int', 'int', 'void *', 'size_t');
  const epollEvents = new Uint32Array(4 * MAX_EPOLL_EVENTS);
  const epollCreate = (): number => result(epollCreateCall(numbers.epoll_create1, EPOLL_CLOEXEC));
  /** The events in 16 bytes: `struct epoll_event` has 12 or 16, by architecture. */
  const epollCtl = (epoll: number, op: number, fd: number, events: number): number =>
    result(
      epollCtlCall(
        numbers.epoll_ctl,
        epoll,
        op,
        fd,
        op === EPOLL_CTL_DEL ? null : Uint32Array.of(events, 0, 0, 0),
      ),
    );
  const fsmountCall = declare('int', 'uint', 'uint');

  const addressOf = (buffer: Uint8Array): bigint => BigInt(koffi.address(buffer));

  /**
   * An ArrayBuffer over foreign memory can't be detached, and reading it after munmap is a SIGSEGV. So close() lays anonymous memory over
   * the range, which releases what the kernel had mapped, and the range itself goes when the last view of it is collected. Without a view it
   * goes at once.
   */
  const ranges = new FinalizationRegistry<{ address: bigint; length: number }>(({ address, length }) => {
    munmapCall(numbers.munmap, address, length);
  });
  const mapped = (address: bigint, length: number): Mapping => {
    let view: ArrayBuffer | undefined;
    let open = true;
    const inside = (offset: number, bytes: Uint8Array): void => {
      if (offset < 0 || offset + bytes.length > length) throw new RangeError('outside of the mapping');
    };
    const transfer = (number: number, offset: number, bytes: Uint8Array): number => {
      if (bytes.length === 0) return 0;
      const size = BigInt(bytes.length);
      const local = BigUint64Array.of(addressOf(bytes), size);
      const remote = BigUint64Array.of(address + BigInt(offset), size);
      const copied = result(vmCall(number, process.pid, local, 1, remote, 1, 0));
      return copied < 0 ? copied : copied === bytes.length ? 0 : -Errno.EFAULT;
    };
    return {
      address,
      length,
      get buffer() {
        if (view) return view;
        // After close() there is nothing to show, and what is there now is somebody else's.
        view = open ? koffi.view(address, length) : new ArrayBuffer(length);
        if (open) ranges.register(view, { address, length });
        return view;
      },
      read(offset, into) {
        inside(offset, into);
        if (open) return transfer(numbers.process_vm_readv, offset, into);
        into.fill(0);
        return 0;
      },
      write(offset, bytes) {
        inside(offset, bytes);
        return open ? transfer(numbers.process_vm_writev, offset, bytes) : 0;
      },
      close() {
        if (!open) return;
        open = false;
        if (!view) munmapCall(numbers.munmap, address, length);
        else
          mmapCall(address, length, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
      },
    };
  };

  /**
   * The attr and the memory behind the pointers of the call that runs. An optimized caller forgets its buffers once their addresses are taken, and
   * converting the arguments may collect garbage; what is stored here lives until the call returns.
   */
  const held: { attr: Uint8Array | undefined; memory: readonly Pointed[] | undefined } = {
    attr: undefined,
    memory: undefined,
  };

  const closeFd = (fd: number): number => result(closeCall(numbers.close, fd));
  const epollWait = (epoll: number): number =>
    result(epollWaitCall(numbers.epoll_pwait, epoll, epollEvents, MAX_EPOLL_EVENTS, 0, null, 0));
  const polled = new Set<number>();
  /** An epoll of one fd. */
  const epollOf = (fd: number): number => {
    const epoll = epollCreate();
    if (epoll < 0) return epoll;
    const added = epollCtl(epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
    if (added >= 0) return epoll;
    closeFd(epoll);
    return added;
  };

  return {
    // EINTR is not retried: bpf() says it of test runs and batches that stopped half way, which the caller must learn.
    bpf(cmd, attr, size, pointed, address) {
      held.attr = attr;
      held.memory = pointed;
      const value =
        address === undefined
          ? bpfCall(numbers.bpf, cmd, attr, size)
          : bpfCallAt(numbers.bpf, cmd, address, size);
      held.attr = held.memory = undefined;
      return result(value);
    },
    perfEventOpen(attr, pid, cpu, groupFd, flags, pointed) {
      held.memory = pointed;
      const value = perfCall(numbers.perf_event_open, attr, pid, cpu, groupFd, flags);
      held.memory = undefined;
      return result(value);
    },
    ioctl: (fd, request, arg) => result(ioctlCall(numbers.ioctl, fd, request, arg)),
    mmap(fd, length, protection, flags, offset, wanted = 0n) {
      // koffi aborts the process over a view that the engine cannot have.
      if (length > longestView) return -Errno.ENOMEM;
      const address = BigInt(mmapCall(wanted, length, protection, flags, fd, offset));
      if (address < 0n) return -koffi.errno();
      if (wanted !== 0n && address !== wanted) {
        munmapCall(numbers.munmap, address, length);
        return -Errno.EEXIST;
      }
      return mapped(address, length);
    },
    close: closeFd,
    poll(fd, callback) {
      // koffi 3.3.4 aborts the process when libuv refuses to poll a fd (it is closed, a regular file, or polled already), so epoll is asked first.
      const epoll = polled.has(fd) ? -Errno.EEXIST : epollOf(fd);
      if (epoll < 0) return epoll;
      if (!isMainThread) return pollByTimer(epoll, { epollWait, close: closeFd }, callback);
      closeFd(epoll);
      // The callback gets (status, events), whatever the typings say; an error makes the fd readable, so reading it tells.
      const handle = koffi.node.poll(fd, { readable: true }, () =>
        surface(callback),
      ) as unknown as PollHandle;
      polled.add(fd);
      let open = true;
      return {
        close() {
          if (!open) return;
          open = false;
          polled.delete(fd);
          handle.stop();
          handle.close();
        },
        ref: () => open && handle.ref(),
        unref: () => open && handle.unref(),
      };
    },
    epollCreate,
    epollCtl,
    epollWait,
    addressOf,
    interfaceIndex: name => nameToIndexCall(name) || -koffi.errno(),
    pidfdOpen: pid => result(pidfdOpenCall(numbers.pidfd_open, pid, 0)),
    socket: (domain, type, protocol) => result(socketCall(numbers.socket, domain, type, protocol)),
    send: (fd, bytes) => result(transferCall(numbers.sendto, fd, bytes, bytes.length, 0, null, null)),
    receive: (fd, into, flags) =>
      result(transferCall(numbers.recvfrom, fd, into, into.length, flags, null, null)),
    setsockopt: (fd, level, name, value) =>
      result(setsockoptCall(numbers.setsockopt, fd, level, name, value, value.length)),
    openToAppend: path => fileCall(() => openSync(path, constants.O_WRONLY | constants.O_APPEND)),
    write: (fd, bytes) => (fd < 0 ? -Errno.EBADF : fileCall(() => writeSync(fd, bytes))),
    setMemlock(bytes) {
      const limit = new BigUint64Array([bytes, bytes]);
      return result(prlimitCall(numbers.prlimit64, 0, RLIMIT_MEMLOCK, limit, null));
    },
    mountDetached(fstype, step = (_call, make) => make()) {
      const context = step({ name: 'fsopen', fstype }, () =>
        result(fsopenCall(numbers.fsopen, fstype, FSOPEN_CLOEXEC)),
      );
      if (context < 0) return context;
      const created = step({ name: 'fsconfig', fd: context }, () =>
        result(fsconfigCall(numbers.fsconfig, context, FSCONFIG_CMD_CREATE, null, null, 0)),
      );
      const mount =
        created < 0
          ? created
          : step({ name: 'fsmount', fd: context }, () =>
              result(fsmountCall(numbers.fsmount, context, FSMOUNT_CLOEXEC, 0)),
            );
      step({ name: 'close', fd: context }, () => result(closeCall(numbers.close, context)));
      return mount;
    },
  };
}

/** koffi 3.3.4 calls back without a scope that reports exceptions: one that is thrown there is lost, and the event loop hangs. */
function surface(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}

/** What koffi.node.poll returns. */
interface PollHandle {
  stop(): void;
  close(): void;
  ref(): void;
  unref(): void;
}
