/** Memory mapped by {@link Sys.mmap}. The views stay safe after `close()`: they read zeros until the last of them is collected. */
export interface Mapping {
  readonly address: bigint;
  readonly length: number;
  /** A view of all of it, made when first asked for. */
  readonly buffer: ArrayBuffer;
  /**
   * Fills `into` from it without a view, by way of the kernel, process_vm_readv(2), which answers `-EFAULT` where a load would be a signal. 0 when all of it
   * was read; once closed it is zeros. Throws RangeError outside of it.
   */
  read(offset: number, into: Uint8Array): number;
  /** Copies bytes into it in the same way, by process_vm_writev(2); does nothing once closed. */
  write(offset: number, bytes: Uint8Array): number;
  close(): void;
}

/** A libuv poll on one fd: level-triggered, on the event loop, no thread. */
export interface Poll {
  /** Stops and frees the poll; the callback is not called again. */
  close(): void;
  ref(): void;
  unref(): void;
}

/** A buffer whose address stands in an argument. Passing it keeps it alive across the call and lets a trace print what it held. */
export interface Pointed {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/**
 * The one door to the kernel. Results are as the kernel gives them: zero or more on success, `-errno` on failure; no method throws
 * for a refused call. Everything that rawbpf asks of the kernel beyond reading files passes here, so it can be traced, faked, and made to fail.
 */
export interface Sys {
  /**
   * bpf(2). `size` bytes of `attr` are passed; the kernel may write into `attr` and into `pointed`. `address` is that of `attr`, from a
   * caller who calls often enough to know it.
   */
  bpf(cmd: number, attr: Uint8Array, size: number, pointed?: readonly Pointed[], address?: number): number;
  /** perf_event_open(2); `attr` is a `struct perf_event_attr`. */
  perfEventOpen(
    attr: Uint8Array,
    pid: number,
    cpu: number,
    groupFd: number,
    flags: number,
    pointed?: readonly Pointed[],
  ): number;
  ioctl(fd: number, request: number, arg: number | bigint): number;
  /**
   * mmap(2) of an fd, of at most 4 GiB, which a view of memory can have. With an `address` (and
   * MAP_FIXED_NOREPLACE) the mapping is there or nowhere: EEXIST when something else is. Throws nothing: a failure is `-errno`.
   */
  mmap(
    fd: number,
    length: number,
    protection: number,
    flags: number,
    offset: number,
    address?: bigint,
  ): Mapping | number;
  close(fd: number): number;
  /**
   * Calls back while `fd` is readable (or in error) until closed. Errors of starting the poll are `-errno`. What the callback throws is
   * thrown again from the event loop, uncaught.
   */
  poll(fd: number, callback: () => void): Poll | number;
  /** epoll_create1(2), close-on-exec: an fd that is readable while one of those added to it is. */
  epollCreate(): number;
  /** epoll_ctl(2); `events` are `EPOLL*` bits. */
  epollCtl(epoll: number, op: number, fd: number, events: number): number;
  /** epoll_wait(2) that does not wait: how many of at most 16 fds are ready. What is edge-triggered is then not ready until it happens again. */
  epollWait(epoll: number): number;
  /** Address of a buffer's memory, stable for as long as the buffer lives; the caller keeps it alive. */
  addressOf(buffer: Uint8Array): bigint;
  /** pidfd_open(2) without flags, Linux 5.3: a descriptor of a process, closed on exec. */
  pidfdOpen(pid: number): number;
  /** if_nametoindex(3): the index of a network interface of this process's network namespace, from 1. */
  interfaceIndex(name: string): number;
  /** socket(2); `type` with SOCK_CLOEXEC. */
  socket(domain: number, type: number, protocol: number): number;
  /** sendto(2) to whom the socket is connected; a netlink socket's is the kernel. How many bytes went. */
  send(fd: number, bytes: Uint8Array): number;
  /** recvfrom(2), `flags` are `MSG_*`: how many bytes came, or with MSG_TRUNC were there. */
  receive(fd: number, into: Uint8Array, flags: number): number;
  /** setsockopt(2). */
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  /** openat(2) with O_WRONLY, O_APPEND and O_CLOEXEC, of a file that exists: those of tracefs take a line a write. */
  openToAppend(path: string): number;
  /** write(2): how many bytes went. */
  write(fd: number, bytes: Uint8Array): number;
  /** setrlimit(2) of RLIMIT_MEMLOCK, both limits, in bytes. */
  setMemlock(bytes: bigint): number;
  /** fsopen(2), fsconfig(FSCONFIG_CMD_CREATE) and fsmount(2): a detached mount of `fstype`; its fd, or `-errno`. `step` makes each of the calls. */
  mountDetached(fstype: string, step?: (call: MountCall, make: () => number) => number): number;
}

/** One of the calls that make a detached mount. */
export type MountCall =
  | { readonly name: 'fsopen'; readonly fstype: string }
  | { readonly name: 'fsconfig' | 'fsmount' | 'close'; readonly fd: number };

/** Protection bits of mmap. */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
/** Flags of mmap. */
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
/** Linux 4.17; older kernels take the address as a hint. */
export const MAP_FIXED_NOREPLACE = 0x100000;

/** Families, types and a protocol of sockets. */
export const AF_NETLINK = 16;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const NETLINK_ROUTE = 0;
/** Flags of receiving: leave it there; answer its whole length; do not wait. */
export const MSG_PEEK = 2;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
/** Levels and names of socket options. */
export const SOL_SOCKET = 1;
export const SO_DETACH_BPF = 27;
export const SO_ATTACH_BPF = 50;
export const SO_ATTACH_REUSEPORT_EBPF = 52;
export const SO_DETACH_REUSEPORT_BPF = 68;
export const SOL_NETLINK = 270;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;

/** Operations of epoll_ctl. */
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
/** Events of epoll. */
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
/** Ready when it becomes so, not for as long as it is. */
export const EPOLLET = 0x80000000;
