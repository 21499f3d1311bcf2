import { BpfAttachType, BpfProgType } from '../abi/index.js';

/** What a section name says of the programs in it: one row of libbpf's table (`section_defs` in src/libbpf.c). */
export interface SectionRule {
  /** The name; with a `+` at its end it matches alone or followed by `/` and a target. */
  readonly pattern: string;
  /** `enum bpf_prog_type`. */
  readonly type: number;
  /** `enum bpf_attach_type`, for `expected_attach_type`; 0 also where the program type has none. */
  readonly attachType: number;
  /** The program may sleep: loaded with BPF_F_SLEEPABLE (Linux 5.10). */
  readonly sleepable: boolean;
  /** The target is a type of kernel BTF, given to PROG_LOAD as `attach_btf_id`. */
  readonly attachBtf: boolean;
  /** The program takes packets in several buffers: loaded with BPF_F_XDP_HAS_FRAGS (Linux 5.18). */
  readonly xdpFrags: boolean;
  /** The expected attach type is left out on kernels that do not know it (before 4.17). */
  readonly attachTypeOptional: boolean;
}

type ProgName = keyof typeof BpfProgType extends `BPF_PROG_TYPE_${infer Name}` ? Name : never;
type AttachName = keyof typeof newerAttachTypes | keyof typeof BpfAttachType;

/** Attach types newer than the kernel that the constants were generated from (Linux 6.19 and 7). */
export const newerAttachTypes = {
  BPF_TRACE_FSESSION: 58,
  BPF_TRACE_FENTRY_MULTI: 59,
  BPF_TRACE_FEXIT_MULTI: 60,
  BPF_TRACE_FSESSION_MULTI: 61,
} as const;

/** Program type, attach type, names. What a name's own form tells (`.s`, `xdp.frags`) is not repeated. */
const table: readonly (readonly [ProgName, AttachName | undefined, string])[] = [
  ['SOCKET_FILTER', undefined, 'socket'],
  ['SK_REUSEPORT', 'BPF_SK_REUSEPORT_SELECT_OR_MIGRATE', 'sk_reuseport/migrate'],
  ['SK_REUSEPORT', 'BPF_SK_REUSEPORT_SELECT', 'sk_reuseport'],
  ['KPROBE', undefined, 'kprobe+ kretprobe+ ksyscall+ kretsyscall+'],
  ['KPROBE', undefined, 'uprobe+ uprobe.s+ uretprobe+ uretprobe.s+ usdt+ usdt.s+'],
  ['KPROBE', 'BPF_TRACE_KPROBE_MULTI', 'kprobe.multi+ kretprobe.multi+'],
  ['KPROBE', 'BPF_TRACE_KPROBE_SESSION', 'kprobe.session+'],
  ['KPROBE', 'BPF_TRACE_UPROBE_MULTI', 'uprobe.multi+ uprobe.multi.s+ uretprobe.multi+ uretprobe.multi.s+'],
  ['KPROBE', 'BPF_TRACE_UPROBE_SESSION', 'uprobe.session+ uprobe.session.s+'],
  ['SCHED_CLS', 'BPF_TCX_INGRESS', 'tc/ingress tcx/ingress'],
  ['SCHED_CLS', 'BPF_TCX_EGRESS', 'tc/egress tcx/egress'],
  ['SCHED_CLS', undefined, 'tc classifier'],
  ['SCHED_CLS', 'BPF_NETKIT_PRIMARY', 'netkit/primary'],
  ['SCHED_CLS', 'BPF_NETKIT_PEER', 'netkit/peer'],
  ['SCHED_ACT', undefined, 'action'],
  ['TRACEPOINT', undefined, 'tracepoint+ tp+ tracepoint.s+ tp.s+'],
  ['RAW_TRACEPOINT', undefined, 'raw_tracepoint+ raw_tp+ raw_tracepoint.s+ raw_tp.s+'],
  ['RAW_TRACEPOINT_WRITABLE', undefined, 'raw_tracepoint.w+ raw_tp.w+'],
  ['TRACING', 'BPF_TRACE_RAW_TP', 'tp_btf+ tp_btf.s+'],
  ['TRACING', 'BPF_TRACE_FENTRY', 'fentry+ fentry.s+'],
  ['TRACING', 'BPF_MODIFY_RETURN', 'fmod_ret+ fmod_ret.s+'],
  ['TRACING', 'BPF_TRACE_FEXIT', 'fexit+ fexit.s+'],
  ['TRACING', 'BPF_TRACE_FSESSION', 'fsession+ fsession.s+'],
  ['TRACING', 'BPF_TRACE_FENTRY_MULTI', 'fentry.multi+ fentry.multi.s+'],
  ['TRACING', 'BPF_TRACE_FEXIT_MULTI', 'fexit.multi+ fexit.multi.s+'],
  ['TRACING', 'BPF_TRACE_FSESSION_MULTI', 'fsession.multi+ fsession.multi.s+'],
  ['TRACING', 'BPF_TRACE_ITER', 'iter+ iter.s+'],
  ['EXT', undefined, 'freplace+'],
  ['LSM', 'BPF_LSM_MAC', 'lsm+ lsm.s+'],
  ['LSM', 'BPF_LSM_CGROUP', 'lsm_cgroup+'],
  ['SYSCALL', undefined, 'syscall'],
  ['XDP', 'BPF_XDP_DEVMAP', 'xdp/devmap xdp.frags/devmap'],
  ['XDP', 'BPF_XDP_CPUMAP', 'xdp/cpumap xdp.frags/cpumap'],
  ['XDP', 'BPF_XDP', 'xdp xdp.frags'],
  ['PERF_EVENT', undefined, 'perf_event'],
  ['LWT_IN', undefined, 'lwt_in'],
  ['LWT_OUT', undefined, 'lwt_out'],
  ['LWT_XMIT', undefined, 'lwt_xmit'],
  ['LWT_SEG6LOCAL', undefined, 'lwt_seg6local'],
  ['SOCK_OPS', 'BPF_CGROUP_SOCK_OPS', 'sockops'],
  ['SK_SKB', 'BPF_SK_SKB_STREAM_PARSER', 'sk_skb/stream_parser'],
  ['SK_SKB', 'BPF_SK_SKB_STREAM_VERDICT', 'sk_skb/stream_verdict'],
  ['SK_SKB', 'BPF_SK_SKB_VERDICT', 'sk_skb/verdict'],
  ['SK_SKB', undefined, 'sk_skb'],
  ['SK_MSG', 'BPF_SK_MSG_VERDICT', 'sk_msg'],
  ['LIRC_MODE2', 'BPF_LIRC_MODE2', 'lirc_mode2'],
  ['FLOW_DISSECTOR', 'BPF_FLOW_DISSECTOR', 'flow_dissector'],
  ['CGROUP_SKB', 'BPF_CGROUP_INET_INGRESS', 'cgroup_skb/ingress'],
  ['CGROUP_SKB', 'BPF_CGROUP_INET_EGRESS', 'cgroup_skb/egress'],
  ['CGROUP_SKB', undefined, 'cgroup/skb'],
  ['CGROUP_SOCK', 'BPF_CGROUP_INET_SOCK_CREATE', 'cgroup/sock cgroup/sock_create'],
  ['CGROUP_SOCK', 'BPF_CGROUP_INET_SOCK_RELEASE', 'cgroup/sock_release'],
  ['CGROUP_SOCK', 'BPF_CGROUP_INET4_POST_BIND', 'cgroup/post_bind4'],
  ['CGROUP_SOCK', 'BPF_CGROUP_INET6_POST_BIND', 'cgroup/post_bind6'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET4_BIND', 'cgroup/bind4'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET6_BIND', 'cgroup/bind6'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET4_CONNECT', 'cgroup/connect4'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET6_CONNECT', 'cgroup/connect6'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_UNIX_CONNECT', 'cgroup/connect_unix'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_UDP4_SENDMSG', 'cgroup/sendmsg4'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_UDP6_SENDMSG', 'cgroup/sendmsg6'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_UNIX_SENDMSG', 'cgroup/sendmsg_unix'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_UDP4_RECVMSG', 'cgroup/recvmsg4'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_UDP6_RECVMSG', 'cgroup/recvmsg6'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_UNIX_RECVMSG', 'cgroup/recvmsg_unix'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET4_GETPEERNAME', 'cgroup/getpeername4'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET6_GETPEERNAME', 'cgroup/getpeername6'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_UNIX_GETPEERNAME', 'cgroup/getpeername_unix'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET4_GETSOCKNAME', 'cgroup/getsockname4'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET6_GETSOCKNAME', 'cgroup/getsockname6'],
  ['CGROUP_SOCK_ADDR', 'BPF_CGROUP_UNIX_GETSOCKNAME', 'cgroup/getsockname_unix'],
  ['CGROUP_SYSCTL', 'BPF_CGROUP_SYSCTL', 'cgroup/sysctl'],
  ['CGROUP_SOCKOPT', 'BPF_CGROUP_GETSOCKOPT', 'cgroup/getsockopt'],
  ['CGROUP_SOCKOPT', 'BPF_CGROUP_SETSOCKOPT', 'cgroup/setsockopt'],
  ['CGROUP_DEVICE', 'BPF_CGROUP_DEVICE', 'cgroup/dev'],
  ['STRUCT_OPS', undefined, 'struct_ops+ struct_ops.s+'],
  ['SK_LOOKUP', 'BPF_SK_LOOKUP', 'sk_lookup'],
  ['NETFILTER', 'BPF_NETFILTER', 'netfilter'],
];

const optionalAttachTypes = new Set([
  'xdp',
  'sockops',
  'sk_skb/stream_parser',
  'sk_skb/stream_verdict',
  'sk_skb/verdict',
  'sk_msg',
  'lirc_mode2',
  'flow_dissector',
  'cgroup_skb/ingress',
  'cgroup_skb/egress',
  'cgroup/sock',
  'cgroup/dev',
]);

/** All section names that libbpf 1.8 knows. */
export const sectionRules: readonly SectionRule[] = table.flatMap(([type, attachType, names]) =>
  names.split(' ').map(pattern => ({
    pattern,
    type: BpfProgType[`BPF_PROG_TYPE_${type}`],
    attachType: attachType ? { ...BpfAttachType, ...newerAttachTypes }[attachType] : 0,
    sleepable: pattern.endsWith('.s+') || pattern === 'syscall',
    attachBtf: ['TRACING', 'LSM', 'EXT'].includes(type) && !pattern.includes('.multi'),
    xdpFrags: pattern.startsWith('xdp.frags'),
    attachTypeOptional: optionalAttachTypes.has(pattern),
  })),
);

const byPattern = new Map(sectionRules.map(rule => [rule.pattern, rule]));

/** A section name taken apart. */
export interface SectionMatch {
  readonly rule: SectionRule;
  /** What follows the `/` of a name that takes a target: `syscalls/sys_enter_write` of `tp/syscalls/sys_enter_write`. */
  readonly target: string | undefined;
}

/** The rule for a section name, without a leading `?`; undefined when libbpf knows none either. */
export function matchSection(name: string): SectionMatch | undefined {
  const exact = byPattern.get(name);
  if (exact && !name.endsWith('+')) return { rule: exact, target: undefined };
  const slash = name.indexOf('/');
  const rule = byPattern.get(`${slash < 0 ? name : name.slice(0, slash)}+`);
  return rule && { rule, target: slash < 0 ? undefined : name.slice(slash + 1) || undefined };
}
