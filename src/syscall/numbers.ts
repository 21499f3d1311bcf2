/** System call numbers of one architecture (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h). */
export interface SyscallNumbers {
  readonly bpf: number;
  readonly perf_event_open: number;
  readonly ioctl: number;
  readonly mmap: number;
  readonly munmap: number;
  readonly close: number;
  readonly prlimit64: number;
  readonly fsopen: number;
  readonly fsconfig: number;
  readonly fsmount: number;
  readonly epoll_create1: number;
  readonly epoll_ctl: number;
  readonly epoll_pwait: number;
  readonly pidfd_open: number;
  readonly process_vm_readv: number;
  readonly process_vm_writev: number;
  readonly socket: number;
  readonly sendto: number;
  readonly recvfrom: number;
  readonly setsockopt: number;
}

const generic: SyscallNumbers = {
  bpf: 280,
  perf_event_open: 241,
  ioctl: 29,
  mmap: 222,
  munmap: 215,
  close: 57,
  prlimit64: 261,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  epoll_create1: 20,
  epoll_ctl: 21,
  epoll_pwait: 22,
  pidfd_open: 434,
  process_vm_readv: 270,
  process_vm_writev: 271,
  socket: 198,
  sendto: 206,
  recvfrom: 207,
  setsockopt: 208,
};

/** By `process.arch`. */
export const syscallNumbers: Readonly<Record<string, SyscallNumbers>> = {
  x64: {
    bpf: 321,
    perf_event_open: 298,
    ioctl: 16,
    mmap: 9,
    munmap: 11,
    close: 3,
    prlimit64: 302,
    fsopen: 430,
    fsconfig: 431,
    fsmount: 432,
    epoll_create1: 291,
    epoll_ctl: 233,
    epoll_pwait: 281,
    pidfd_open: 434,
    process_vm_readv: 310,
    process_vm_writev: 311,
    socket: 41,
    sendto: 44,
    recvfrom: 45,
    setsockopt: 54,
  },
  arm64: generic,
  riscv64: generic,
  loong64: generic,
};
