import { BpfProgType } from '../abi/index.js';
import type { KernelView } from '../object/index.js';

const events = [
  BpfProgType.BPF_PROG_TYPE_KPROBE,
  BpfProgType.BPF_PROG_TYPE_TRACEPOINT,
  BpfProgType.BPF_PROG_TYPE_PERF_EVENT,
  BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT,
  BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BpfProgType.BPF_PROG_TYPE_TRACING,
];
const byKernelTypes = [
  BpfProgType.BPF_PROG_TYPE_TRACING,
  BpfProgType.BPF_PROG_TYPE_STRUCT_OPS,
  BpfProgType.BPF_PROG_TYPE_EXT,
  BpfProgType.BPF_PROG_TYPE_LSM,
];

/** The options without which a kernel does not know program types (include/linux/bpf_types.h). */
const needs: readonly (readonly [option: string, types: readonly number[]])[] = [
  ['CONFIG_BPF_EVENTS', events],
  ['CONFIG_DEBUG_INFO_BTF', byKernelTypes],
  ['CONFIG_BPF_JIT', [BpfProgType.BPF_PROG_TYPE_STRUCT_OPS, BpfProgType.BPF_PROG_TYPE_EXT]],
  ['CONFIG_BPF_LSM', [BpfProgType.BPF_PROG_TYPE_LSM]],
  ['CONFIG_BPF_LIRC_MODE2', [BpfProgType.BPF_PROG_TYPE_LIRC_MODE2]],
  ['CONFIG_NETFILTER_BPF_LINK', [BpfProgType.BPF_PROG_TYPE_NETFILTER]],
  ['CONFIG_INET', [BpfProgType.BPF_PROG_TYPE_SK_REUSEPORT, BpfProgType.BPF_PROG_TYPE_SK_LOOKUP]],
  [
    'CONFIG_CGROUP_BPF',
    [
      BpfProgType.BPF_PROG_TYPE_CGROUP_DEVICE,
      BpfProgType.BPF_PROG_TYPE_CGROUP_SYSCTL,
      BpfProgType.BPF_PROG_TYPE_CGROUP_SOCKOPT,
    ],
  ],
];

/** The options that the kernel was built without and a program type needs; undefined when its configuration cannot be read. */
export function missingConfig({ kconfig }: KernelView, progType: number): readonly string[] | undefined {
  return (
    kconfig &&
    needs
      .filter(([option, types]) => types.includes(progType) && !kconfig.has(option))
      .map(([option]) => option)
  );
}
