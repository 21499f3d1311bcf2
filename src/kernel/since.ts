import { BpfAttachType, BpfMapType, BpfProgType, enumName } from '../abi/index.js';
import { versionCode } from './version.js';

/** Flags of BPF_PROG_LOAD; macros in include/uapi/linux/bpf.h, so not in BTF. */
const BPF_F_SLEEPABLE = 1 << 4;
const BPF_F_XDP_HAS_FRAGS = 1 << 5;

/** The kernel version that brought each program type. */
const progTypes: Readonly<Record<string, string>> = {
  SOCKET_FILTER: '3.19',
  KPROBE: '4.1',
  SCHED_CLS: '4.1',
  SCHED_ACT: '4.1',
  TRACEPOINT: '4.7',
  XDP: '4.8',
  PERF_EVENT: '4.9',
  CGROUP_SKB: '4.10',
  CGROUP_SOCK: '4.10',
  LWT_IN: '4.10',
  LWT_OUT: '4.10',
  LWT_XMIT: '4.10',
  SOCK_OPS: '4.13',
  SK_SKB: '4.14',
  CGROUP_DEVICE: '4.15',
  SK_MSG: '4.17',
  RAW_TRACEPOINT: '4.17',
  CGROUP_SOCK_ADDR: '4.17',
  LWT_SEG6LOCAL: '4.18',
  LIRC_MODE2: '4.18',
  SK_REUSEPORT: '4.19',
  FLOW_DISSECTOR: '4.20',
  CGROUP_SYSCTL: '5.2',
  RAW_TRACEPOINT_WRITABLE: '5.2',
  CGROUP_SOCKOPT: '5.3',
  TRACING: '5.5',
  STRUCT_OPS: '5.6',
  EXT: '5.6',
  LSM: '5.7',
  SK_LOOKUP: '5.9',
  SYSCALL: '5.14',
  NETFILTER: '6.4',
};

/** The option of the kernel's config that program types depend on besides CONFIG_BPF_SYSCALL (include/linux/bpf_types.h). */
const progTypeOptions: Readonly<Record<string, string>> = {
  KPROBE: 'CONFIG_BPF_EVENTS',
  TRACEPOINT: 'CONFIG_BPF_EVENTS',
  PERF_EVENT: 'CONFIG_BPF_EVENTS',
  RAW_TRACEPOINT: 'CONFIG_BPF_EVENTS',
  RAW_TRACEPOINT_WRITABLE: 'CONFIG_BPF_EVENTS',
  TRACING: 'CONFIG_BPF_EVENTS',
  CGROUP_DEVICE: 'CONFIG_CGROUP_BPF',
  CGROUP_SYSCTL: 'CONFIG_CGROUP_BPF',
  CGROUP_SOCKOPT: 'CONFIG_CGROUP_BPF',
  LIRC_MODE2: 'CONFIG_BPF_LIRC_MODE2',
  STRUCT_OPS: 'CONFIG_BPF_JIT',
  EXT: 'CONFIG_BPF_JIT',
  LSM: 'CONFIG_BPF_LSM',
  NETFILTER: 'CONFIG_NETFILTER_BPF_LINK',
};

/** The kernel version that brought each map type. */
const mapTypes: Readonly<Record<string, string>> = {
  HASH: '3.19',
  ARRAY: '3.19',
  PROG_ARRAY: '4.2',
  PERF_EVENT_ARRAY: '4.3',
  PERCPU_HASH: '4.6',
  PERCPU_ARRAY: '4.6',
  STACK_TRACE: '4.6',
  CGROUP_ARRAY: '4.8',
  LRU_HASH: '4.10',
  LRU_PERCPU_HASH: '4.10',
  LPM_TRIE: '4.11',
  ARRAY_OF_MAPS: '4.12',
  HASH_OF_MAPS: '4.12',
  DEVMAP: '4.14',
  SOCKMAP: '4.14',
  CPUMAP: '4.15',
  XSKMAP: '4.18',
  SOCKHASH: '4.18',
  CGROUP_STORAGE: '4.19',
  REUSEPORT_SOCKARRAY: '4.19',
  PERCPU_CGROUP_STORAGE: '4.20',
  QUEUE: '4.20',
  STACK: '4.20',
  SK_STORAGE: '5.2',
  DEVMAP_HASH: '5.4',
  STRUCT_OPS: '5.6',
  RINGBUF: '5.8',
  INODE_STORAGE: '5.10',
  TASK_STORAGE: '5.11',
  BLOOM_FILTER: '5.16',
  USER_RINGBUF: '6.1',
  CGRP_STORAGE: '6.2',
  ARENA: '6.9',
  INSN_ARRAY: '6.19',
  RHASH: '7.2',
};

export function progTypeSince(type: number): string | undefined {
  return progTypes[progTypeName(type)];
}

/** The option of the kernel's config without which it has no programs of a type: `CONFIG_BPF_LIRC_MODE2`. */
export function progTypeOption(type: number): string {
  return progTypeOptions[progTypeName(type)] ?? 'CONFIG_NET';
}

export function mapTypeSince(type: number): string | undefined {
  return mapTypes[enumName(BpfMapType, type)?.replace(/^BPF_MAP_TYPE_|_DEPRECATED$/g, '') ?? ''];
}

/** The kernel version that brought each attach type, of those newer than the program types that they belong to. */
const attachTypes: Readonly<Record<string, string>> = {
  MODIFY_RETURN: '5.7',
  LSM_MAC: '5.7',
  TRACE_ITER: '5.8',
  CGROUP_INET4_GETPEERNAME: '5.8',
  CGROUP_INET6_GETPEERNAME: '5.8',
  CGROUP_INET4_GETSOCKNAME: '5.8',
  CGROUP_INET6_GETSOCKNAME: '5.8',
  XDP_DEVMAP: '5.8',
  CGROUP_INET_SOCK_RELEASE: '5.9',
  XDP_CPUMAP: '5.9',
  SK_SKB_VERDICT: '5.13',
  SK_REUSEPORT_SELECT_OR_MIGRATE: '5.14',
  TRACE_KPROBE_MULTI: '5.18',
  LSM_CGROUP: '6.0',
  TCX_INGRESS: '6.6',
  TCX_EGRESS: '6.6',
  TRACE_UPROBE_MULTI: '6.6',
  CGROUP_UNIX_CONNECT: '6.7',
  CGROUP_UNIX_SENDMSG: '6.7',
  CGROUP_UNIX_RECVMSG: '6.7',
  CGROUP_UNIX_GETPEERNAME: '6.7',
  CGROUP_UNIX_GETSOCKNAME: '6.7',
  NETKIT_PRIMARY: '6.7',
  NETKIT_PEER: '6.7',
  TRACE_KPROBE_SESSION: '6.10',
  TRACE_UPROBE_SESSION: '6.13',
  TRACE_FSESSION: '7.0',
  TRACE_FENTRY_MULTI: '7.2',
  TRACE_FEXIT_MULTI: '7.2',
  TRACE_FSESSION_MULTI: '7.2',
};

/** The kernel version that first let each kind of program sleep; by attach type where that decides. */
const sleepable: Readonly<Record<string, string>> = {
  TRACING: '5.10',
  LSM: '5.11',
  TRACE_ITER: '5.18',
  KPROBE: '6.0',
  STRUCT_OPS: '6.3',
  TRACEPOINT: '7.2',
  RAW_TRACEPOINT: '7.2',
  TRACE_RAW_TP: '7.2',
};

export function attachTypeSince(type: number): string | undefined {
  return attachTypes[attachTypeName(type)];
}

/** What BPF_PROG_LOAD is told of a program, as far as kernels differ in it. */
export interface ProgLoadKind {
  /** `enum bpf_prog_type`. */
  readonly type: number;
  /** `enum bpf_attach_type`. */
  readonly attachType: number;
  /** `prog_flags`. */
  readonly flags: number;
}

/** The newest of what loading such a program takes: what it is called, and the kernel version that brought it. */
export function progLoadSince({ type, attachType, flags }: ProgLoadKind): { feature: string; since: string } {
  const name = progTypeName(type);
  const attach = attachTypeName(attachType);
  const candidates: { feature: string; since: string | undefined }[] = [
    { feature: `${name.toLowerCase()} programs`, since: progTypeSince(type) },
    { feature: `${attach.replace(/^TRACE_/, '').toLowerCase()} programs`, since: attachTypes[attach] },
  ];
  if (flags & BPF_F_SLEEPABLE) {
    const sleeper = sleepable[attach] ? attach : name;
    candidates.push({
      feature: `sleepable ${sleeper.replace(/^TRACE_/, '').toLowerCase()} programs`,
      since: sleepable[sleeper],
    });
  }
  if (flags & BPF_F_XDP_HAS_FRAGS)
    candidates.push({ feature: 'xdp programs for packets in fragments', since: '5.18' });
  return candidates
    .map(({ feature, since = '3.19' }) => ({ feature, since }))
    .reduce((newest, other) => (versionCode(other.since) > versionCode(newest.since) ? other : newest));
}

function progTypeName(type: number): string {
  return enumName(BpfProgType, type)?.replace('BPF_PROG_TYPE_', '') ?? `type ${type}`;
}

function attachTypeName(type: number): string {
  return enumName(BpfAttachType, type)?.replace('BPF_', '') ?? `attach type ${type}`;
}
