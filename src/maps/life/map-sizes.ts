import { BpfFlags, BpfMapType } from '../../abi/index.js';

/** What a type of maps has by itself, in bytes and `BPF_F_*`: sizes that the kernel wants, flags without which it refuses the map. */
export interface MapSizes {
  readonly key?: number;
  readonly value?: number;
  readonly flags?: number;
  /** Has no number of entries. */
  readonly unbounded?: true;
}

const index = { key: 4 };
const fds = { key: 4, value: 4 };
const nothing = { key: 0, value: 0 };
const storage: MapSizes = { key: 4, flags: BpfFlags.BPF_F_NO_PREALLOC, unbounded: true };

/** The alloc_check and alloc functions of the map types in kernel/bpf. */
const sizes: Readonly<Record<number, MapSizes>> = {
  [BpfMapType.BPF_MAP_TYPE_ARRAY]: index,
  [BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY]: index,
  [BpfMapType.BPF_MAP_TYPE_STACK_TRACE]: index,
  [BpfMapType.BPF_MAP_TYPE_PROG_ARRAY]: fds,
  [BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY]: fds,
  [BpfMapType.BPF_MAP_TYPE_CGROUP_ARRAY]: fds,
  [BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS]: fds,
  [BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS]: { value: 4 },
  [BpfMapType.BPF_MAP_TYPE_DEVMAP]: fds,
  [BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH]: fds,
  [BpfMapType.BPF_MAP_TYPE_CPUMAP]: fds,
  [BpfMapType.BPF_MAP_TYPE_XSKMAP]: fds,
  [BpfMapType.BPF_MAP_TYPE_SOCKMAP]: fds,
  [BpfMapType.BPF_MAP_TYPE_SOCKHASH]: { value: 4 },
  // A cookie can be looked up only where there is room for one.
  [BpfMapType.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY]: { key: 4, value: 8 },
  [BpfMapType.BPF_MAP_TYPE_LPM_TRIE]: { flags: BpfFlags.BPF_F_NO_PREALLOC },
  [BpfMapType.BPF_MAP_TYPE_QUEUE]: { key: 0 },
  [BpfMapType.BPF_MAP_TYPE_STACK]: { key: 0 },
  [BpfMapType.BPF_MAP_TYPE_BLOOM_FILTER]: { key: 0 },
  [BpfMapType.BPF_MAP_TYPE_RINGBUF]: nothing,
  [BpfMapType.BPF_MAP_TYPE_USER_RINGBUF]: nothing,
  [BpfMapType.BPF_MAP_TYPE_ARENA]: { ...nothing, flags: BpfFlags.BPF_F_MMAPABLE },
  [BpfMapType.BPF_MAP_TYPE_SK_STORAGE]: storage,
  [BpfMapType.BPF_MAP_TYPE_INODE_STORAGE]: storage,
  [BpfMapType.BPF_MAP_TYPE_TASK_STORAGE]: storage,
  [BpfMapType.BPF_MAP_TYPE_CGRP_STORAGE]: storage,
  [BpfMapType.BPF_MAP_TYPE_CGROUP_STORAGE]: { unbounded: true },
  [BpfMapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE]: { unbounded: true },
  [BpfMapType.BPF_MAP_TYPE_INSN_ARRAY]: { key: 4, value: 16 },
  [BpfMapType.BPF_MAP_TYPE_RHASH]: { flags: BpfFlags.BPF_F_NO_PREALLOC },
};

export function sizesOf(type: number): MapSizes {
  return sizes[type] ?? {};
}
