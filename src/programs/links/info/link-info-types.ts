/** What the kernel says of every link (`struct bpf_link_info`). Of all that follows, what a kernel is too old to tell is undefined. */
export interface LinkInfoBase {
  readonly id: number;
  /** `enum bpf_link_type`. */
  readonly type: number;
  /** Id of the program; 0 where the link is of a struct_ops map. */
  readonly progId: number;
}

/** The attach type of a link. */
export interface AttachTypeInfo {
  /** `enum bpf_attach_type`. */
  readonly attachType: number | undefined;
  /** As libbpf names it: `cgroup_inet_ingress`. */
  readonly attachTypeName: string | undefined;
}

/** Linux 5.8. */
export interface RawTracepointLinkInfo extends LinkInfoBase {
  readonly typeName: 'raw_tracepoint';
  /** The tracepoint. */
  readonly name: string;
  /** Linux 6.17. */
  readonly cookie: bigint | undefined;
}

/** fentry, fexit, fmod_ret, tp_btf, lsm, freplace. */
export interface TracingLinkInfo extends LinkInfoBase, AttachTypeInfo {
  readonly typeName: 'tracing';
  /** Of freplace the id of the program, else of the BTF of the kernel or module (Linux 5.13). */
  readonly targetObjectId: number | undefined;
  /** Id of the function's type there. */
  readonly targetBtfId: number | undefined;
  /** Linux 6.18. */
  readonly cookie: bigint | undefined;
}

export interface CgroupLinkInfo extends LinkInfoBase, AttachTypeInfo {
  readonly typeName: 'cgroup';
  /** Inode of the cgroup's folder; 0 once the cgroup is gone or the link was detached. */
  readonly cgroupId: bigint;
}

/** Linux 5.9. */
export interface IterLinkInfo extends LinkInfoBase {
  readonly typeName: 'iter';
  /** What it goes over: `task`, `bpf_map_elem`. */
  readonly target: string;
  /** Of an iterator over a map's elements (Linux 5.10). */
  readonly mapId: number | undefined;
  /** Of an iterator over cgroups (Linux 6.1): where it starts, and `enum bpf_cgroup_iter_order`. */
  readonly cgroupId: bigint | undefined;
  readonly order: number | undefined;
  /** Of an iterator over tasks, their files or memory areas (Linux 6.1): of one thread or process only; else undefined. */
  readonly tid: number | undefined;
  readonly pid: number | undefined;
}

export interface NetnsLinkInfo extends LinkInfoBase, AttachTypeInfo {
  readonly typeName: 'netns';
  /** Inode of the network namespace, as in `/proc/self/ns/net`; 0 once it is gone. */
  readonly netnsIno: number;
}

/** XDP: Linux 5.9. */
export interface XdpLinkInfo extends LinkInfoBase {
  readonly typeName: 'xdp';
  /** 0 once the interface is gone or the link was detached. */
  readonly ifindex: number;
}

/** tcx (Linux 6.6) and netkit (6.7). */
export interface DeviceLinkInfo extends LinkInfoBase, AttachTypeInfo {
  readonly typeName: 'tcx' | 'netkit';
  /** 0 once the interface is gone or the link was detached. */
  readonly ifindex: number;
}

/** Linux 6.4. */
export interface StructOpsLinkInfo extends LinkInfoBase {
  readonly typeName: 'struct_ops';
  /** The map; undefined once the kernel has unregistered it. */
  readonly mapId: number | undefined;
}

/** Linux 6.4. */
export interface NetfilterLinkInfo extends LinkInfoBase {
  readonly typeName: 'netfilter';
  /** Protocol family, `NFPROTO_*`. */
  readonly pf: number;
  /** `enum nf_inet_hooks`. */
  readonly hooknum: number;
  readonly priority: number;
  /** `BPF_F_NETFILTER_IP_DEFRAG`. */
  readonly flags: number;
}

/** Linux 6.13. */
export interface SockmapLinkInfo extends LinkInfoBase, AttachTypeInfo {
  readonly typeName: 'sockmap';
  readonly mapId: number;
}

/** Linux 5.18; what follows 6.6. */
export interface KprobeMultiLinkInfo extends LinkInfoBase {
  readonly typeName: 'kprobe_multi';
  /** `BPF_F_KPROBE_MULTI_*`. */
  readonly flags: number | undefined;
  readonly retprobe: boolean | undefined;
  /** Runs that the kernel left out (Linux 6.7). */
  readonly missed: bigint | undefined;
  /** In ascending order of their addresses. */
  readonly functions: readonly ProbedFunction[] | undefined;
}

export interface ProbedFunction {
  /** 0 where kernel addresses are hidden from this process (kernel.kptr_restrict). */
  readonly address: bigint;
  /** Linux 6.9. */
  readonly cookie: bigint | undefined;
}

/** Linux 6.6; what follows 6.8. */
export interface UprobeMultiLinkInfo extends LinkInfoBase {
  readonly typeName: 'uprobe_multi';
  readonly path: string | undefined;
  /** Of one process only; 0 for all. */
  readonly pid: number | undefined;
  /** `BPF_F_UPROBE_MULTI_*`. */
  readonly flags: number | undefined;
  readonly retprobe: boolean | undefined;
  readonly places: readonly ProbedPlace[] | undefined;
}

export interface ProbedPlace {
  /** Bytes from the start of the file. */
  readonly offset: bigint;
  /** Of the semaphore, from the start of the file; 0 for none. */
  readonly refCtrOffset: bigint;
  readonly cookie: bigint;
}

/** A perf event: Linux 5.15, what it is of 6.6. `event` tells the kinds apart. */
export type PerfEventLinkInfo =
  | UprobeEventLinkInfo
  | KprobeEventLinkInfo
  | TracepointEventLinkInfo
  | OtherEventLinkInfo
  | UntoldEventLinkInfo;

interface PerfEventBase extends LinkInfoBase {
  readonly typeName: 'perf_event';
  /** Linux 6.9. */
  readonly cookie: bigint | undefined;
}

export interface UprobeEventLinkInfo extends PerfEventBase {
  readonly event: 'uprobe' | 'uretprobe';
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Of the semaphore, from the start of the file; 0 for none. Linux 6.14. */
  readonly refCtrOffset: bigint | undefined;
}

export interface KprobeEventLinkInfo extends PerfEventBase {
  readonly event: 'kprobe' | 'kretprobe';
  /** Empty when it was attached by its address. */
  readonly symbol: string;
  /** Bytes from the start of the function. */
  readonly offset: number;
  /** 0 where kernel addresses are hidden from this process (kernel.kptr_restrict). */
  readonly address: bigint;
  /** Runs that the kernel left out (Linux 6.7). */
  readonly missed: bigint | undefined;
}

export interface TracepointEventLinkInfo extends PerfEventBase {
  readonly event: 'tracepoint';
  /** Without its category: `sys_enter_write`. */
  readonly name: string;
}

/** A software or hardware event, a breakpoint. */
export interface OtherEventLinkInfo extends PerfEventBase {
  readonly event: 'event';
  /** As in `struct perf_event_attr`: `enum perf_type_id` and what it makes of the number. */
  readonly perfType: number;
  readonly config: bigint;
}

/** The kernel does not tell of which event the link is. */
export interface UntoldEventLinkInfo extends PerfEventBase {
  readonly event: undefined;
}

/** A type of which no more is known. */
export interface OtherLinkInfo extends LinkInfoBase {
  readonly typeName: 'unspec' | 'tracing_multi' | `unknown (${number})`;
}

/** What the kernel says of a link. `typeName`, as bpftool names it, tells the types apart. */
export type LinkInfo =
  | RawTracepointLinkInfo
  | TracingLinkInfo
  | CgroupLinkInfo
  | IterLinkInfo
  | NetnsLinkInfo
  | XdpLinkInfo
  | DeviceLinkInfo
  | StructOpsLinkInfo
  | NetfilterLinkInfo
  | SockmapLinkInfo
  | KprobeMultiLinkInfo
  | UprobeMultiLinkInfo
  | PerfEventLinkInfo
  | OtherLinkInfo;
