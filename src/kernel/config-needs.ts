import { BpfMapType, BpfProgType } from '../abi/index.js';
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

/** The same of map types. */
const mapNeeds: typeof needs = [
  ['CONFIG_CGROUPS', [BpfMapType.BPF_MAP_TYPE_CGROUP_ARRAY, BpfMapType.BPF_MAP_TYPE_CGRP_STORAGE]],
  [
    'CONFIG_CGROUP_BPF',
    [BpfMapType.BPF_MAP_TYPE_CGROUP_STORAGE, BpfMapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE],
  ],
  ['CONFIG_PERF_EVENTS', [BpfMapType.BPF_MAP_TYPE_STACK_TRACE]],
  ['CONFIG_BPF_LSM', [BpfMapType.BPF_MAP_TYPE_INODE_STORAGE]],
  [
    'CONFIG_NET',
    [
      BpfMapType.BPF_MAP_TYPE_DEVMAP,
      BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH,
      BpfMapType.BPF_MAP_TYPE_SK_STORAGE,
      BpfMapType.BPF_MAP_TYPE_CPUMAP,
    ],
  ],
  ['CONFIG_XDP_SOCKETS', [BpfMapType.BPF_MAP_TYPE_XSKMAP]],
  [
    'CONFIG_INET',
    [
      BpfMapType.BPF_MAP_TYPE_SOCKMAP,
      BpfMapType.BPF_MAP_TYPE_SOCKHASH,
      BpfMapType.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
    ],
  ],
  ['CONFIG_BPF_JIT', [BpfMapType.BPF_MAP_TYPE_STRUCT_OPS]],
];

/** The options that the kernel was built without and a program type needs; undefined when its configuration cannot be read. */
export function missingConfig(kernel: KernelView, progType: number): readonly string[] | undefined {
  return missingOf(needs, kernel, progType);
}

/** The same of a map type. */
export function missingMapConfig(kernel: KernelView, mapType: number): readonly string[] | undefined {
  return missingOf(mapNeeds, kernel, mapType);
}

function missingOf(all: typeof needs, { kconfig }: KernelView, type: number): readonly string[] | undefined {
  return (
    kconfig &&
    all.filter(([option, types]) => types.includes(type) && !kconfig.has(option)).map(([option]) => option)
  );
}
