import { BpfAttachType, BpfCmd, BpfFuncId, BpfProgType, hostEndian } from '../abi/index.js';
import { assemble, call, exit, type Insn, mov } from '../insn/index.js';
import { type ProgTypeName, progTypeNamed } from '../object/index.js';
import { bpf, Errno, liveSys, type Sys } from '../syscall/index.js';
import { readFacts } from './facts.js';
import { Kernel } from './kernel.js';

/** True, false, or undefined where this process cannot find out: it lacks capabilities, or no call tells. */
export type Support = boolean | undefined;

/** BPF_F_SLEEPABLE of include/uapi/linux/bpf.h. */
const sleepable = 16;

interface Attempt {
  readonly expected_attach_type?: number;
  readonly attach_btf_id?: number;
  readonly prog_flags?: number;
  /** What a kernel that knows the type answers to it, where that is a refusal: the errno, and words of the log. */
  readonly refusal?: { readonly errno: number; readonly log?: string };
}

const type = BpfProgType;
const attachType = BpfAttachType;
const attempts: Readonly<Record<number, Attempt>> = {
  [type.BPF_PROG_TYPE_CGROUP_SOCK_ADDR]: { expected_attach_type: attachType.BPF_CGROUP_INET4_CONNECT },
  [type.BPF_PROG_TYPE_CGROUP_SOCKOPT]: { expected_attach_type: attachType.BPF_CGROUP_GETSOCKOPT },
  [type.BPF_PROG_TYPE_SK_LOOKUP]: { expected_attach_type: attachType.BPF_SK_LOOKUP },
  [type.BPF_PROG_TYPE_LIRC_MODE2]: { expected_attach_type: attachType.BPF_LIRC_MODE2 },
  [type.BPF_PROG_TYPE_NETFILTER]: { expected_attach_type: attachType.BPF_NETFILTER },
  [type.BPF_PROG_TYPE_SYSCALL]: { prog_flags: sleepable },
  // Type 1 of the kernel's BTF is an integer, which a kernel that looks says.
  [type.BPF_PROG_TYPE_TRACING]: {
    expected_attach_type: attachType.BPF_TRACE_FENTRY,
    attach_btf_id: 1,
    refusal: { errno: Errno.EINVAL, log: 'attach_btf_id 1 is not a function' },
  },
  [type.BPF_PROG_TYPE_LSM]: {
    expected_attach_type: attachType.BPF_MODIFY_RETURN,
    attach_btf_id: 1,
    refusal: { errno: Errno.EINVAL, log: 'attach_btf_id 1 is not a function' },
  },
  [type.BPF_PROG_TYPE_EXT]: {
    attach_btf_id: 1,
    refusal: { errno: Errno.EINVAL, log: 'Cannot replace kernel functions' },
  },
  // That there is no such struct comes first: ENOTSUPP.
  [type.BPF_PROG_TYPE_STRUCT_OPS]: { refusal: { errno: Errno.ENOTSUPP } },
};

export interface SupportOptions {
  /** Index of a network device: whether it takes such a program or map itself. Default: the kernel does. */
  readonly ifindex?: number;
  /** Default: this machine's kernel. */
  readonly sys?: Sys;
}

/** A helper as C has it: `bpf_map_lookup_elem`. */
export type HelperName = keyof typeof BpfFuncId extends infer Name
  ? Name extends `BPF_FUNC_${infer Rest}`
    ? `bpf_${Rest}`
    : never
  : never;

/**
 * Whether the kernel takes programs of a type, found out by loading the smallest one and closing it; as libbpf_probe_bpf_prog_type() does (tools/lib/bpf/libbpf_probes.c).
 * Throws TypeError for a name that is none.
 */
export function hasProgType(
  progType: ProgTypeName | number,
  { ifindex = 0, sys = liveSys() }: SupportOptions = {},
): Support {
  const type = progTypeNamed(progType);
  // A driver may refuse a program whose result is 0 (nfp).
  const { errno, log } = load(sys, type, [mov(0, ifindex ? 2 : 0), exit()], ifindex);
  const refusal = ifindex ? undefined : attempts[type]?.refusal;
  if (errno === 0) return refusal === undefined;
  if (refusal && errno === refusal.errno && log.includes(refusal.log ?? '')) return true;
  return denied(sys, errno) ? undefined : false;
}

/** No program of these loads without a target, so that nothing is said of helpers. */
const helpersUntold = new Set<number>([
  type.BPF_PROG_TYPE_TRACING,
  type.BPF_PROG_TYPE_EXT,
  type.BPF_PROG_TYPE_LSM,
  type.BPF_PROG_TYPE_STRUCT_OPS,
]);

/** What the verifier says of a helper that the kernel does not have, or not for programs of this type (the last since Linux 6.9). */
const noHelper = /invalid func |unknown func |program of this type cannot use helper /;

/**
 * Whether programs of a type may call a helper, by its name or `enum bpf_func_id`: as libbpf_probe_bpf_helper() finds out. The type must be one that {@link hasProgType} finds.
 * Undefined for tracing, LSM and struct_ops programs and extensions. A few helpers (bpf_trace_printk, bpf_probe_write_user) have the kernel write to its log.
 */
export function hasHelper(
  progType: ProgTypeName | number,
  helper: HelperName | number,
  { ifindex = 0, sys = liveSys() }: SupportOptions = {},
): Support {
  const type = progTypeNamed(progType);
  const id = helperNamed(helper);
  if (helpersUntold.has(type)) return undefined;
  const { errno, log } = load(sys, type, [call(id), exit()], ifindex);
  if (noHelper.test(log)) return false;
  return log === '' && denied(sys, errno) ? undefined : true;
}

function helperNamed(helper: HelperName | number): number {
  const id = typeof helper === 'number' ? helper : helperIds[helper.replace(/^bpf_/, 'BPF_FUNC_')];
  if (id === undefined) throw new TypeError(`helper ${helper}: there is none of this name`);
  return id;
}

const helperIds: Readonly<Record<string, number>> = BpfFuncId;

/** Whether the kernel takes a program of these instructions, as one of sockets. */
export function takesInsns(
  insns: readonly Insn[],
  { ifindex = 0, sys = liveSys() }: SupportOptions = {},
): Support {
  const { errno } = load(sys, type.BPF_PROG_TYPE_SOCKET_FILTER, insns, ifindex, false);
  if (errno === 0) return true;
  return denied(sys, errno) ? undefined : false;
}

/** EPERM for want of capabilities, and not because the kernel refuses everybody. */
export function denied(sys: Sys, errno: number): boolean {
  if (errno !== Errno.EPERM) return false;
  const facts = readFacts(Kernel.running(sys));
  const enough = facts.may('CAP_BPF') && facts.may('CAP_PERFMON') && facts.may('CAP_NET_ADMIN');
  return facts.inUserNamespace || !enough;
}

const decoder = new TextDecoder();
/** Taken for every load, of which there are thousands. */
const logRoom = new Uint8Array(4096);
const noLog = new Uint8Array(0);

function load(
  sys: Sys,
  prog_type: number,
  program: readonly Insn[],
  prog_ifindex: number,
  wantsLog = true,
): { readonly errno: number; readonly log: string } {
  const { refusal, ...fields } = attempts[prog_type] ?? {};
  const log = wantsLog ? logRoom : noLog;
  log[0] = 0;
  const result = bpf(sys, BpfCmd.BPF_PROG_LOAD, {
    prog_type,
    insn_cnt: program.length,
    insns: assemble(program, hostEndian),
    license: 'GPL',
    // Kprobes before Linux 5.0 want it.
    kern_version: prog_type === type.BPF_PROG_TYPE_KPROBE ? Kernel.running(sys).versionCode : 0,
    ...(wantsLog ? { log_level: 1, log_size: log.length, log_buf: log } : {}),
    ...(prog_ifindex ? { prog_ifindex } : fields),
  });
  if (result >= 0) sys.close(result);
  const end = log.indexOf(0);
  return { errno: Math.max(0, -result), log: decoder.decode(end < 0 ? log : log.subarray(0, end)) };
}
