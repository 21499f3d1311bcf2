import {
  BpfAttachType,
  BpfCmd,
  BpfFlags,
  BpfFuncId,
  BpfMapType,
  BpfProgType,
  hostEndian,
} from '../abi/index.js';
import type { BtfType } from '../btf/index.js';
import { assemble, call, exit, type Insn, ldMapValue, mov } from '../insn/index.js';
import type { FeatureName } from '../object/index.js';
import { bpf, Errno, type Sys } from '../syscall/index.js';
import { btfBlob, kind } from './probe-btf.js';

/** A feature of the kernel: since when, and how to find out. */
export interface Feature {
  /** The Linux version that brought it. */
  readonly since: string;
  readonly probe: (sys: Sys) => boolean;
  /** Also in older kernels, into which it was brought alone: having it says nothing of other features. */
  readonly backported?: boolean;
}

/** The features that only the kernel itself can tell of. */
export type ProbedFeature = Exclude<FeatureName, 'syscall_wrapper'>;

/** Every feature that a plan depends on; each probe asks the kernel once and leaves nothing behind. The versions and probes follow tools/lib/bpf/features.c. */
export const features: Readonly<Record<ProbedFeature, Feature>> = {
  prog_name: { since: '4.15', probe: sys => loads(sys, socketFilter, { prog_name: 'probe' }) },
  expected_attach_type: {
    since: '4.17',
    probe: sys =>
      loads(sys, [mov(0, 0), exit()], {
        prog_type: BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK,
        expected_attach_type: BpfAttachType.BPF_CGROUP_INET_SOCK_CREATE,
      }),
  },
  btf: { since: '4.18', probe: sys => takesBtf(sys) },
  btf_func: { since: '5.0', probe: sys => takesBtf(sys, kind.funcProto(), kind.func(2, 'static')) },
  global_data: { since: '5.2', probe: globalData },
  btf_datasec: { since: '5.2', probe: sys => takesBtf(sys, kind.var(1), kind.datasec(2)) },
  mmapable_array: {
    since: '5.5',
    probe: sys => withMap(sys, { map_flags: BpfFlags.BPF_F_MMAPABLE }, () => true),
  },
  probe_read_kernel: {
    since: '5.5',
    probe: sys =>
      loads(
        sys,
        [
          mov(2, 8),
          mov(3, 0),
          ...stackPointer,
          call(BpfFuncId.BPF_FUNC_probe_read_kernel),
          mov(0, 0),
          exit(),
        ],
        tracepoint,
      ),
  },
  btf_func_global: {
    since: '5.6',
    probe: sys => takesBtf(sys, kind.funcProto(), kind.func(2, 'global')),
  },
  cgroup_link: {
    since: '5.7',
    probe: sys => linksTo(sys, BpfProgType.BPF_PROG_TYPE_CGROUP_SKB, BpfAttachType.BPF_CGROUP_INET_EGRESS),
  },
  // It came with links on XDP, which no call can be asked about without making one.
  xdp_link: {
    since: '5.9',
    probe: sys => bpf(sys, BpfCmd.BPF_LINK_DETACH, { link_fd: 0xffffffff }) === -Errno.EBADF,
  },
  prog_bind_map: { since: '5.10', probe: progBindMap },
  memcg_accounting: {
    since: '5.11',
    // bpf_ktime_get_coarse_ns() came with it (probe_memcg_account in libbpf).
    probe: sys => loads(sys, [call(BpfFuncId.BPF_FUNC_ktime_get_coarse_ns), exit()]),
  },
  btf_empty_datasec: { since: '5.12', probe: sys => takesBtf(sys, kind.emptyDatasec()) },
  btf_float: { since: '5.13', probe: sys => takesBtf(sys, kind.float()) },
  bpf_cookie: {
    since: '5.15',
    probe: sys => loads(sys, [call(BpfFuncId.BPF_FUNC_get_attach_cookie), mov(0, 0), exit()], tracepoint),
  },
  perf_link: { since: '5.15', probe: perfLink },
  btf_decl_tag: { since: '5.16', probe: sys => takesBtf(sys, kind.var(1), kind.declTag(2)) },
  btf_type_tag: { since: '5.17', probe: sys => takesBtf(sys, kind.typeTag(1)) },
  // Whether CONFIG_FPROBE is on is another matter.
  kprobe_multi: { since: '5.18', probe: sys => knowsKprobes(sys, BpfAttachType.BPF_TRACE_KPROBE_MULTI) },
  btf_enum64: { since: '6.0', probe: sys => takesBtf(sys, kind.enum64()) },
  btf_qmark_datasec: { since: '6.9', probe: sys => takesBtf(sys, kind.var(1), kind.datasec(2, '?.x')) },
  btf_tag_kind_flag: {
    since: '6.15',
    probe: sys => takesBtf(sys, kind.var(1), kind.declTag(2, true), kind.typeTag(1, true)),
  },
  // Links on several uprobes came with 6.6, but told threads from processes wrongly until 6.10.
  uprobe_multi: { since: '6.10', probe: uprobeMulti },
  // Older kernels load the program without a look at its attach type; but they do not have the field that tells migrations from the rest.
  reuseport_migrate: {
    since: '5.14',
    probe: sys =>
      loads(sys, [migratingSk, mov(0, 0), exit()], {
        prog_type: BpfProgType.BPF_PROG_TYPE_SK_REUSEPORT,
        expected_attach_type: BpfAttachType.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE,
      }),
  },
  sockmap_link: {
    since: '6.10',
    probe: sys => linksTo(sys, BpfProgType.BPF_PROG_TYPE_SK_SKB, BpfAttachType.BPF_SK_SKB_STREAM_VERDICT),
  },
  tcx_link: { since: '6.6', probe: tcxLink },
  // Stable kernels of the 6.12 series have it, too.
  cgroup_order: {
    since: '6.17',
    backported: true,
    probe: sys =>
      linksTo(sys, BpfProgType.BPF_PROG_TYPE_CGROUP_SKB, BpfAttachType.BPF_CGROUP_INET_EGRESS, BPF_F_AFTER),
  },
  arg_ctx_tag: { since: '6.8', probe: argCtxTag },
  // Only a kernel that knows the field gets as far as looking for the program.
  raw_tp_cookie: {
    since: '6.10',
    probe: sys =>
      bpf(sys, BpfCmd.BPF_RAW_TRACEPOINT_OPEN, { prog_fd: 0xffffffff, cookie: 1n }) === -Errno.EBADF,
  },
  kprobe_session: { since: '6.10', probe: sys => knowsKprobes(sys, BpfAttachType.BPF_TRACE_KPROBE_SESSION) },
  ldimm64_full_range_off: { since: '7.1', probe: ldimm64FullRangeOff },
};

type Program = readonly (Insn | readonly Insn[])[];

const socketFilter: Program = [mov(0, 0), exit()];
const tracepoint = { prog_type: BpfProgType.BPF_PROG_TYPE_TRACEPOINT };
/** r0 = `migrating_sk` of the `struct sk_reuseport_md` in r1. */
const migratingSk: Insn = { code: 0x79, dst: 0, src: 1, off: 48, imm: 0 };
/** r1 = r10 - 8: where a helper may write 8 bytes. */
const stackPointer: readonly Insn[] = [mov(1, { reg: 10 }), { code: 0x07, dst: 1, src: 0, off: 0, imm: -8 }];

function load(sys: Sys, program: Program, more: Record<string, number | string> = {}): number {
  const insns = assemble(program, hostEndian);
  return bpf(sys, BpfCmd.BPF_PROG_LOAD, {
    prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER,
    insn_cnt: insns.length / 8,
    insns,
    license: 'GPL',
    ...more,
  });
}

/** Closes a probe's fd: true when there was one. */
function took(sys: Sys, fd: number): boolean {
  if (fd >= 0) sys.close(fd);
  return fd >= 0;
}

function loads(sys: Sys, program: Program, more?: Record<string, number | string>): boolean {
  return took(sys, load(sys, program, more));
}

function takesBtf(sys: Sys, ...types: readonly BtfType[]): boolean {
  const btf = btfBlob(...types);
  return took(sys, bpf(sys, BpfCmd.BPF_BTF_LOAD, { btf, btf_size: btf.length }));
}

function withMap(sys: Sys, more: Record<string, number>, use: (fd: number) => boolean): boolean {
  const map = {
    map_type: BpfMapType.BPF_MAP_TYPE_ARRAY,
    key_size: 4,
    value_size: 32,
    max_entries: 1,
    ...more,
  };
  const fd = bpf(sys, BpfCmd.BPF_MAP_CREATE, map);
  if (fd < 0) return false;
  try {
    return use(fd);
  } finally {
    sys.close(fd);
  }
}

function globalData(sys: Sys): boolean {
  return withMap(sys, {}, map => loads(sys, [ldMapValue(1, map, 16), mov(0, 0), exit()]));
}

function progBindMap(sys: Sys): boolean {
  return withMap(sys, {}, map_fd => {
    const prog_fd = load(sys, socketFilter);
    const result = prog_fd < 0 ? -1 : bpf(sys, BpfCmd.BPF_PROG_BIND_MAP, { prog_fd, map_fd });
    took(sys, prog_fd);
    return result >= 0;
  });
}

/** A kernel that knows links on perf events looks for the event first: EBADF; one that does not refuses the attach type: EINVAL. */
function perfLink(sys: Sys): boolean {
  const prog_fd = load(sys, [mov(0, 0), exit()], tracepoint);
  if (prog_fd < 0) return false;
  const link = { prog_fd, target_fd: -1, attach_type: BpfAttachType.BPF_PERF_EVENT };
  const result = bpf(sys, BpfCmd.BPF_LINK_CREATE, link);
  sys.close(prog_fd);
  took(sys, result);
  return result === -Errno.EBADF;
}

/** Of include/uapi/linux/bpf.h: after the other programs there. */
const BPF_F_AFTER = 1 << 4;

/** A kernel that knows links of an attach type, and the flags, looks for their target first: EBADF; one that does not refuses them: EINVAL. */
function linksTo(sys: Sys, prog_type: number, attach_type: number, flags = 0): boolean {
  const prog_fd = load(sys, [mov(0, 0), exit()], { prog_type, expected_attach_type: attach_type });
  if (prog_fd < 0) return false;
  const result = bpf(sys, BpfCmd.BPF_LINK_CREATE, { prog_fd, target_fd: -1, attach_type, flags });
  sys.close(prog_fd);
  took(sys, result);
  return result === -Errno.EBADF;
}

/** The functions are at an address that cannot be read: EFAULT from a kernel that gets as far, EOPNOTSUPP when it knows them but has no fprobes, else EINVAL. */
function knowsKprobes(sys: Sys, attach_type: number): boolean {
  const prog_fd = load(sys, [mov(0, 0), exit()], {
    prog_type: BpfProgType.BPF_PROG_TYPE_KPROBE,
    expected_attach_type: attach_type,
  });
  if (prog_fd < 0) return false;
  const kprobe_multi = { addrs: 1n, cnt: 1 };
  const result = bpf(sys, BpfCmd.BPF_LINK_CREATE, { prog_fd, attach_type, kprobe_multi });
  sys.close(prog_fd);
  took(sys, result);
  return result === -Errno.EFAULT || result === -Errno.EOPNOTSUPP;
}

/** A kernel that knows such links looks for the interface first. */
function tcxLink(sys: Sys): boolean {
  const prog_fd = load(sys, socketFilter, { prog_type: BpfProgType.BPF_PROG_TYPE_SCHED_CLS });
  if (prog_fd < 0) return false;
  const link = { prog_fd, target_ifindex: 0x7fffffff, attach_type: BpfAttachType.BPF_TCX_INGRESS };
  const result = bpf(sys, BpfCmd.BPF_LINK_CREATE, link);
  sys.close(prog_fd);
  took(sys, result);
  return result === -Errno.ENODEV;
}

/** With its pid negative a link on the root folder is refused for the pid (EINVAL) by kernels that filter by process, else for the path (EBADF). */
function uprobeMulti(sys: Sys): boolean {
  const attach_type = BpfAttachType.BPF_TRACE_UPROBE_MULTI;
  const prog_fd = load(sys, [mov(0, 0), exit()], {
    prog_type: BpfProgType.BPF_PROG_TYPE_KPROBE,
    expected_attach_type: attach_type,
  });
  if (prog_fd < 0) return false;
  const root = new TextEncoder().encode('/\0');
  const offsets = new Uint8Array(8);
  const link = (pid: number) =>
    bpf(sys, BpfCmd.BPF_LINK_CREATE, {
      prog_fd,
      target_fd: -1,
      attach_type,
      uprobe_multi: { path: sys.addressOf(root), offsets: sys.addressOf(offsets), cnt: 1, pid },
    });
  const results = [link(0), link(-1)];
  sys.close(prog_fd);
  for (const result of results) took(sys, result);
  return results[0] === -Errno.EBADF && results[1] === -Errno.EINVAL;
}

/** A global function may call a helper that wants the context with an argument that is declared `void *`, if that is tagged. */
function argCtxTag(sys: Sys): boolean {
  const voidPtr: BtfType = { kind: 'ptr', id: 0, name: '', type: 0 };
  const proto: BtfType = {
    kind: 'func_proto',
    id: 0,
    name: '',
    type: 1,
    params: [{ name: 'x', type: 2 }],
  };
  const tag: BtfType = {
    kind: 'decl_tag',
    id: 0,
    name: 'arg:ctx',
    type: 5,
    componentIdx: 0,
    kindFlag: false,
  };
  const func = { ...kind.func(3, 'global'), name: 'y' };
  const btf = btfBlob(voidPtr, proto, kind.func(3, 'global'), func, tag);
  const prog_btf_fd = bpf(sys, BpfCmd.BPF_BTF_LOAD, { btf, btf_size: btf.length });
  if (prog_btf_fd < 0) return false;
  const callNext: Insn = { code: 0x85, dst: 0, src: 1, off: 0, imm: 1 };
  const insns = assemble([callNext, exit(), call(BpfFuncId.BPF_FUNC_get_func_ip), exit()], hostEndian);
  const result = bpf(sys, BpfCmd.BPF_PROG_LOAD, {
    prog_type: BpfProgType.BPF_PROG_TYPE_KPROBE,
    insn_cnt: insns.length / 8,
    insns,
    license: 'GPL',
    prog_btf_fd,
    func_info_rec_size: 8,
    func_info: new Uint8Array(Uint32Array.of(0, 4, 2, 5).buffer),
    func_info_cnt: 2,
  });
  sys.close(prog_btf_fd);
  return took(sys, result);
}

/** Kernels that limit the offset into a map's value say so in the log; others find the access out of bounds. */
function ldimm64FullRangeOff(sys: Sys): boolean {
  return withMap(sys, {}, map => {
    const insns = assemble([ldMapValue(1, map, 1 << 30), exit()], hostEndian);
    const log = new Uint8Array(1024);
    const result = bpf(sys, BpfCmd.BPF_PROG_LOAD, {
      prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER,
      insn_cnt: insns.length / 8,
      insns,
      license: 'GPL',
      log_level: 1,
      log_size: log.length,
      log_buf: log,
    });
    took(sys, result);
    return new TextDecoder().decode(log).includes('invalid access to map value pointer');
  });
}
