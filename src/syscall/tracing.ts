import { channel } from 'node:diagnostics_channel';
import type { MountCall, Pointed, Sys } from './sys.js';

/** Memory behind a pointer argument, copied when the call was made and again when it returned: at most its first MiB. */
export interface TracedMemory {
  readonly address: bigint;
  /** How much there is, in bytes. */
  readonly length: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

interface Traced {
  /** Zero or more, or `-errno`. */
  readonly result: number;
  /** Nanoseconds spent in the call. */
  readonly durationNs: number;
}

/** One system call, as published on the channel `rawbpf:syscall`. Byte arrays are copies. */
export type SyscallEvent =
  | (Traced & {
      readonly name: 'bpf';
      readonly cmd: number;
      readonly attr: Uint8Array;
      readonly attrAfter: Uint8Array;
      readonly size: number;
      readonly memory: readonly TracedMemory[];
    })
  | (Traced & {
      readonly name: 'perf_event_open';
      readonly attr: Uint8Array;
      readonly attrAfter: Uint8Array;
      readonly pid: number;
      readonly cpu: number;
      readonly groupFd: number;
      readonly flags: number;
      readonly memory: readonly TracedMemory[];
    })
  | (Traced & {
      readonly name: 'ioctl';
      readonly fd: number;
      readonly request: number;
      readonly arg: number | bigint;
    })
  | (Traced & {
      readonly name: 'mmap';
      readonly fd: number;
      readonly length: number;
      readonly protection: number;
      readonly flags: number;
      readonly offset: number;
      /** Where the caller wants it; 0 for anywhere. */
      readonly wanted: bigint;
      /** Where it is. */
      readonly address: bigint;
    })
  | (Traced & { readonly name: 'pidfd_open'; readonly pid: number })
  | (Traced & { readonly name: 'epoll_create1' })
  | (Traced & {
      readonly name: 'epoll_ctl';
      readonly epoll: number;
      /** `EPOLL_CTL_*`. */
      readonly op: number;
      readonly fd: number;
      /** `EPOLL*` bits. */
      readonly events: number;
    })
  | (Traced & { readonly name: 'if_nametoindex'; readonly interface: string })
  | (Traced & {
      readonly name: 'socket';
      readonly domain: number;
      readonly type: number;
      readonly protocol: number;
    })
  | (Traced & { readonly name: 'sendto'; readonly fd: number; readonly bytes: Uint8Array })
  | (Traced & {
      readonly name: 'recvfrom';
      readonly fd: number;
      readonly address: bigint;
      /** What came, as much as there was room for. */
      readonly bytes: Uint8Array;
      /** How much there was room for. */
      readonly length: number;
      /** `MSG_*` bits. */
      readonly flags: number;
    })
  | (Traced & {
      readonly name: 'setsockopt';
      readonly fd: number;
      readonly level: number;
      readonly option: number;
      readonly value: Uint8Array;
    })
  /** With O_WRONLY, O_APPEND and O_CLOEXEC. */
  | (Traced & { readonly name: 'openat'; readonly path: string })
  | (Traced & { readonly name: 'write'; readonly fd: number; readonly bytes: Uint8Array })
  | (Traced & { readonly name: 'prlimit64'; readonly bytes: bigint })
  | (Traced & MountCall);

/** The name of the diagnostics channel that every system call of rawbpf is published on. */
export const SYSCALL_CHANNEL = 'rawbpf:syscall';
const syscalls = channel(SYSCALL_CHANNEL);

/** Calls `listener` for every system call that rawbpf makes in this process, after it returned; the result stops it. */
export function subscribeSyscalls(listener: (event: SyscallEvent) => void): () => void {
  const onMessage = (message: unknown): void => listener(message as SyscallEvent);
  syscalls.subscribe(onMessage);
  return () => void syscalls.unsubscribe(onMessage);
}

/** `sys` with its calls published on {@link SYSCALL_CHANNEL}; without a subscriber that costs one test a call. */
export function traced(sys: Sys): Sys {
  const timed = <T>(call: () => T): [T, number] => {
    const start = process.hrtime.bigint();
    const value = call();
    return [value, Number(process.hrtime.bigint() - start)];
  };
  const publish = (event: SyscallEvent): void => syscalls.publish(event);
  return {
    poll: (fd, callback) => sys.poll(fd, callback),
    epollWait: epoll => sys.epollWait(epoll),
    addressOf: buffer => sys.addressOf(buffer),
    bpf(cmd, attr, size, pointed, address) {
      if (!syscalls.hasSubscribers) return sys.bpf(cmd, attr, size, pointed, address);
      const before = attr.slice(0, size);
      const snapshot = copies(pointed);
      const [result, durationNs] = timed(() => sys.bpf(cmd, attr, size, pointed, address));
      publish({
        name: 'bpf',
        cmd,
        attr: before,
        attrAfter: attr.slice(0, size),
        size,
        memory: snapshot(),
        result,
        durationNs,
      });
      return result;
    },
    perfEventOpen(attr, pid, cpu, groupFd, flags, pointed) {
      if (!syscalls.hasSubscribers) return sys.perfEventOpen(attr, pid, cpu, groupFd, flags, pointed);
      const before = attr.slice();
      const snapshot = copies(pointed);
      const [result, durationNs] = timed(() => sys.perfEventOpen(attr, pid, cpu, groupFd, flags, pointed));
      publish({
        name: 'perf_event_open',
        attr: before,
        attrAfter: attr.slice(),
        pid,
        cpu,
        groupFd,
        flags,
        memory: snapshot(),
        result,
        durationNs,
      });
      return result;
    },
    ioctl(fd, request, arg) {
      if (!syscalls.hasSubscribers) return sys.ioctl(fd, request, arg);
      const [result, durationNs] = timed(() => sys.ioctl(fd, request, arg));
      publish({ name: 'ioctl', fd, request, arg, result, durationNs });
      return result;
    },
    mmap(fd, length, protection, flags, offset, wanted = 0n) {
      if (!syscalls.hasSubscribers) return sys.mmap(fd, length, protection, flags, offset, wanted);
      const [value, durationNs] = timed(() => sys.mmap(fd, length, protection, flags, offset, wanted));
      const [result, address] = typeof value === 'number' ? [value, 0n] : [0, value.address];
      publish({ name: 'mmap', fd, length, protection, flags, offset, wanted, address, result, durationNs });
      return value;
    },
    close(fd) {
      if (!syscalls.hasSubscribers) return sys.close(fd);
      const [result, durationNs] = timed(() => sys.close(fd));
      publish({ name: 'close', fd, result, durationNs });
      return result;
    },
    pidfdOpen(pid) {
      if (!syscalls.hasSubscribers) return sys.pidfdOpen(pid);
      const [result, durationNs] = timed(() => sys.pidfdOpen(pid));
      publish({ name: 'pidfd_open', pid, result, durationNs });
      return result;
    },
    epollCreate() {
      if (!syscalls.hasSubscribers) return sys.epollCreate();
      const [result, durationNs] = timed(() => sys.epollCreate());
      publish({ name: 'epoll_create1', result, durationNs });
      return result;
    },
    epollCtl(epoll, op, fd, events) {
      if (!syscalls.hasSubscribers) return sys.epollCtl(epoll, op, fd, events);
      const [result, durationNs] = timed(() => sys.epollCtl(epoll, op, fd, events));
      publish({ name: 'epoll_ctl', epoll, op, fd, events, result, durationNs });
      return result;
    },
    interfaceIndex(name) {
      if (!syscalls.hasSubscribers) return sys.interfaceIndex(name);
      const [result, durationNs] = timed(() => sys.interfaceIndex(name));
      publish({ name: 'if_nametoindex', interface: name, result, durationNs });
      return result;
    },
    socket(domain, type, protocol) {
      if (!syscalls.hasSubscribers) return sys.socket(domain, type, protocol);
      const [result, durationNs] = timed(() => sys.socket(domain, type, protocol));
      publish({ name: 'socket', domain, type, protocol, result, durationNs });
      return result;
    },
    send(fd, bytes) {
      if (!syscalls.hasSubscribers) return sys.send(fd, bytes);
      const [result, durationNs] = timed(() => sys.send(fd, bytes));
      publish({ name: 'sendto', fd, bytes: bytes.slice(), result, durationNs });
      return result;
    },
    receive(fd, into, flags) {
      if (!syscalls.hasSubscribers) return sys.receive(fd, into, flags);
      const [result, durationNs] = timed(() => sys.receive(fd, into, flags));
      const bytes = into.slice(0, Math.max(result, 0));
      const address = sys.addressOf(into);
      publish({ name: 'recvfrom', fd, address, bytes, length: into.length, flags, result, durationNs });
      return result;
    },
    setsockopt(fd, level, option, value) {
      if (!syscalls.hasSubscribers) return sys.setsockopt(fd, level, option, value);
      const [result, durationNs] = timed(() => sys.setsockopt(fd, level, option, value));
      publish({ name: 'setsockopt', fd, level, option, value: value.slice(), result, durationNs });
      return result;
    },
    openToAppend(path) {
      if (!syscalls.hasSubscribers) return sys.openToAppend(path);
      const [result, durationNs] = timed(() => sys.openToAppend(path));
      publish({ name: 'openat', path, result, durationNs });
      return result;
    },
    write(fd, bytes) {
      if (!syscalls.hasSubscribers) return sys.write(fd, bytes);
      const [result, durationNs] = timed(() => sys.write(fd, bytes));
      publish({ name: 'write', fd, bytes: bytes.slice(), result, durationNs });
      return result;
    },
    setMemlock(bytes) {
      if (!syscalls.hasSubscribers) return sys.setMemlock(bytes);
      const [result, durationNs] = timed(() => sys.setMemlock(bytes));
      publish({ name: 'prlimit64', bytes, result, durationNs });
      return result;
    },
    mountDetached(fstype) {
      if (!syscalls.hasSubscribers) return sys.mountDetached(fstype);
      return sys.mountDetached(fstype, (call, make) => {
        const [result, durationNs] = timed(make);
        publish({ ...call, result, durationNs });
        return result;
      });
    },
  };
}

const mostCopied = 1 << 20;

/** Copies what pointers point at now; the function returned pairs it with what is there after the call. */
function copies(pointed: readonly Pointed[] = []): () => TracedMemory[] {
  const before = pointed.map(p => p.bytes.slice(0, mostCopied));
  return () =>
    pointed.map((p, i) => ({
      address: p.address,
      length: p.bytes.length,
      before: before[i]!,
      after: p.bytes.slice(0, mostCopied),
    }));
}
