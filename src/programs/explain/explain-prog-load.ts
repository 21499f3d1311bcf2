import { BpfAttachType, BpfProgType, enumName } from '../../abi/index.js';
import {
  type Cause,
  type Facts,
  heldBy,
  lackOfLockedMemory,
  lackOfPermission,
  lackOfPrivilege,
  missingConfig,
  progTypeOption,
  progTypeSince,
} from '../../kernel/index.js';
import { Errno } from '../../syscall/index.js';

/** A `BPF_PROG_LOAD` that was refused without a word in the verifier log. */
export interface RefusedProgLoad {
  /** Positive. */
  readonly errno: number;
  /** `enum bpf_prog_type`. */
  readonly type: number;
  /** `enum bpf_attach_type`. */
  readonly attachType: number;
  readonly insnCount: number;
  readonly facts: Facts;
  /** Loads the smallest program of a type: true when the kernel takes it, undefined for a type that needs a target to load. */
  readonly probe: (type: number) => boolean | undefined;
}

const perfmonTypes = new Set<number>([
  BpfProgType.BPF_PROG_TYPE_KPROBE,
  BpfProgType.BPF_PROG_TYPE_TRACEPOINT,
  BpfProgType.BPF_PROG_TYPE_PERF_EVENT,
  BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT,
  BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BpfProgType.BPF_PROG_TYPE_TRACING,
  BpfProgType.BPF_PROG_TYPE_LSM,
  BpfProgType.BPF_PROG_TYPE_STRUCT_OPS,
  BpfProgType.BPF_PROG_TYPE_EXT,
]);

const netAdminTypes = new Set<number>([
  BpfProgType.BPF_PROG_TYPE_SCHED_CLS,
  BpfProgType.BPF_PROG_TYPE_SCHED_ACT,
  BpfProgType.BPF_PROG_TYPE_XDP,
  BpfProgType.BPF_PROG_TYPE_LWT_IN,
  BpfProgType.BPF_PROG_TYPE_LWT_OUT,
  BpfProgType.BPF_PROG_TYPE_LWT_XMIT,
  BpfProgType.BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BpfProgType.BPF_PROG_TYPE_SK_SKB,
  BpfProgType.BPF_PROG_TYPE_SK_MSG,
  BpfProgType.BPF_PROG_TYPE_FLOW_DISSECTOR,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK,
  BpfProgType.BPF_PROG_TYPE_CGROUP_DEVICE,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BpfProgType.BPF_PROG_TYPE_CGROUP_SYSCTL,
  BpfProgType.BPF_PROG_TYPE_SOCK_OPS,
  BpfProgType.BPF_PROG_TYPE_SK_REUSEPORT,
  BpfProgType.BPF_PROG_TYPE_EXT,
  BpfProgType.BPF_PROG_TYPE_SK_LOOKUP,
  BpfProgType.BPF_PROG_TYPE_NETFILTER,
]);

/** Hooks that patch kernel code, which vendors turn off where programs of the same types that do not patch are let through. */
const patchingAttachTypes = new Set<number>([
  BpfAttachType.BPF_TRACE_FENTRY,
  BpfAttachType.BPF_TRACE_FEXIT,
  BpfAttachType.BPF_MODIFY_RETURN,
  BpfAttachType.BPF_LSM_MAC,
  BpfAttachType.BPF_LSM_CGROUP,
]);

const maxInsns = 1_000_000;

/** Why the kernel refused a program before looking at it: specific facts first, then a probe, then the errno (kernel/bpf/syscall.c: bpf_prog_load). */
export function explainProgLoad(refused: RefusedProgLoad): Cause | undefined {
  if (refused.errno === Errno.EPERM) return forbidden(refused);
  if (refused.errno === Errno.E2BIG && (refused.insnCount === 0 || refused.insnCount > maxInsns))
    return { reason: `a program has 1 to ${maxInsns} instructions, this one ${refused.insnCount}` };
  if (refused.errno === Errno.E2BIG)
    return {
      reason:
        'this kernel is older than a field of the call, or the program is too large for an unprivileged process',
    };
  if (refused.errno === Errno.ENOTSUPP)
    return {
      reason: "this kernel's JIT compiler cannot translate the program, and its interpreter is off",
      advice: 'Look for CONFIG_BPF_JIT_ALWAYS_ON and net.core.bpf_jit_enable.',
    };
  if (refused.errno === Errno.ENOMEM) return { reason: 'the kernel has no memory for the program' };
  if (refused.errno === Errno.ENOSYS)
    return {
      reason: 'this kernel has no bpf()',
      missing: { feature: 'BPF (CONFIG_BPF_SYSCALL)' },
    };
  const options = refused.errno === Errno.EINVAL ? missingConfig(refused.facts.kernel, refused.type) : [];
  if (options && options.length > 0)
    return {
      reason: `it was built without ${options.join(' and ')}`,
      missing: { feature: `${typeName(refused.type)} programs` },
    };
  if (refused.errno === Errno.EINVAL && refused.probe(refused.type) === false) {
    const since = progTypeSince(refused.type);
    const option = progTypeOption(refused.type);
    const isOff = refused.facts.kernel.kconfig?.has(option) === false;
    return {
      reason: isOff ? `it was built without ${option}` : 'it refuses even the smallest program of this type',
      missing: { feature: `${typeName(refused.type)} programs`, ...(since ? { since } : {}) },
    };
  }
  return undefined;
}

function forbidden({ type, attachType, facts }: RefusedProgLoad): Cause {
  const privilege = lackOfPrivilege(facts);
  if (privilege) return privilege;
  const lacking = (capability: 'CAP_PERFMON' | 'CAP_NET_ADMIN'): Cause => ({
    reason: `${typeName(type)} programs need ${capability} besides CAP_BPF${heldBy(facts)}`,
    advice: `Run it as root, or give the process ${capability}.`,
  });
  if (perfmonTypes.has(type) && !facts.may('CAP_PERFMON')) return lacking('CAP_PERFMON');
  if (netAdminTypes.has(type) && !facts.may('CAP_NET_ADMIN')) return lacking('CAP_NET_ADMIN');
  const memory = lackOfLockedMemory(facts);
  if (memory) return memory;
  if (facts.lockdown !== undefined && facts.lockdown !== 'none')
    return {
      reason: `the kernel is locked down (${facts.lockdown}), which forbids some programs and helpers`,
    };
  if (patchingAttachTypes.has(attachType) || type === BpfProgType.BPF_PROG_TYPE_EXT)
    return {
      reason:
        'BPF_PROG_LOAD answers EPERM to a process with all the capabilities, so this kernel has them turned off',
      advice: 'Use another hook: a tp_btf/ or raw_tp/ program needs no kernel code to be patched.',
      missing: { feature: `${attachName(type, attachType)} programs` },
    };
  return lackOfPermission(facts);
}

function attachName(type: number, attachType: number): string {
  if (type === BpfProgType.BPF_PROG_TYPE_EXT) return 'freplace';
  const name = enumName(BpfAttachType, attachType) ?? `attach type ${attachType}`;
  return name.replace(/^BPF_(TRACE_)?/, '').toLowerCase();
}

function typeName(type: number): string {
  return enumName(BpfProgType, type)?.replace('BPF_PROG_TYPE_', '').toLowerCase() ?? `type ${type}`;
}
