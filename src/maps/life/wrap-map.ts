import { BpfMapType } from '../../abi/index.js';
import type { Kernel } from '../../kernel/index.js';
import type { OwnedFd, Sys } from '../../syscall/index.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import { PerfEventArray } from '../events/perf-event-array.js';
import { RingBuf } from '../events/ring-buf.js';
import { UserRingBuf } from '../events/user-ring-buf.js';
import { ArenaMap } from '../kinds/arena.js';
import { ArrayMap } from '../kinds/array.js';
import { ArrayOfMaps } from '../kinds/array-of-maps.js';
import { BloomFilter } from '../kinds/bloom-filter.js';
import { CgroupArray } from '../kinds/cgroup-array.js';
import { CgroupStorage } from '../kinds/cgroup-storage.js';
import { CgrpStorage } from '../kinds/cgrp-storage.js';
import { CpuMap } from '../kinds/cpumap.js';
import { DevMap } from '../kinds/devmap.js';
import { DevMapHash } from '../kinds/devmap-hash.js';
import { HashMap } from '../kinds/hash.js';
import { HashOfMaps } from '../kinds/hash-of-maps.js';
import { InodeStorage } from '../kinds/inode-storage.js';
import { InsnArray } from '../kinds/insn-array.js';
import { LpmTrie } from '../kinds/lpm-trie.js';
import { LruHashMap } from '../kinds/lru-hash.js';
import { LruPercpuHashMap } from '../kinds/lru-percpu-hash.js';
import { PercpuArrayMap } from '../kinds/percpu-array.js';
import { PercpuCgroupStorage } from '../kinds/percpu-cgroup-storage.js';
import { PercpuHashMap } from '../kinds/percpu-hash.js';
import { ProgArray } from '../kinds/prog-array.js';
import { QueueMap } from '../kinds/queue.js';
import { ReuseportSockArray } from '../kinds/reuseport-sockarray.js';
import { RhashMap } from '../kinds/rhash.js';
import { SkStorage } from '../kinds/sk-storage.js';
import { SockHash } from '../kinds/sockhash.js';
import { SockMap } from '../kinds/sockmap.js';
import { StackMap } from '../kinds/stack.js';
import { StackTraceMap } from '../kinds/stack-trace.js';
import { StructOpsMap } from '../kinds/struct-ops.js';
import { TaskStorage } from '../kinds/task-storage.js';
import { XskMap } from '../kinds/xskmap.js';
import type { MapDef } from '../map-def.js';
import { queryMapInfo } from '../map-info.js';

const classes: Readonly<Record<number, new (parts: MapParts) => BpfMap>> = {
  [BpfMapType.BPF_MAP_TYPE_HASH]: HashMap,
  [BpfMapType.BPF_MAP_TYPE_ARRAY]: ArrayMap,
  [BpfMapType.BPF_MAP_TYPE_ARENA]: ArenaMap,
  [BpfMapType.BPF_MAP_TYPE_PERCPU_HASH]: PercpuHashMap,
  [BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY]: PercpuArrayMap,
  [BpfMapType.BPF_MAP_TYPE_LRU_HASH]: LruHashMap,
  [BpfMapType.BPF_MAP_TYPE_LRU_PERCPU_HASH]: LruPercpuHashMap,
  [BpfMapType.BPF_MAP_TYPE_PROG_ARRAY]: ProgArray,
  [BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY]: PerfEventArray,
  [BpfMapType.BPF_MAP_TYPE_RINGBUF]: RingBuf,
  [BpfMapType.BPF_MAP_TYPE_USER_RINGBUF]: UserRingBuf,
  [BpfMapType.BPF_MAP_TYPE_LPM_TRIE]: LpmTrie,
  [BpfMapType.BPF_MAP_TYPE_QUEUE]: QueueMap,
  [BpfMapType.BPF_MAP_TYPE_STACK]: StackMap,
  [BpfMapType.BPF_MAP_TYPE_BLOOM_FILTER]: BloomFilter,
  [BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS]: ArrayOfMaps,
  [BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS]: HashOfMaps,
  [BpfMapType.BPF_MAP_TYPE_CGROUP_ARRAY]: CgroupArray,
  [BpfMapType.BPF_MAP_TYPE_STACK_TRACE]: StackTraceMap,
  [BpfMapType.BPF_MAP_TYPE_CGROUP_STORAGE]: CgroupStorage,
  [BpfMapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE]: PercpuCgroupStorage,
  [BpfMapType.BPF_MAP_TYPE_DEVMAP]: DevMap,
  [BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH]: DevMapHash,
  [BpfMapType.BPF_MAP_TYPE_CPUMAP]: CpuMap,
  [BpfMapType.BPF_MAP_TYPE_XSKMAP]: XskMap,
  [BpfMapType.BPF_MAP_TYPE_SOCKMAP]: SockMap,
  [BpfMapType.BPF_MAP_TYPE_SOCKHASH]: SockHash,
  [BpfMapType.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY]: ReuseportSockArray,
  [BpfMapType.BPF_MAP_TYPE_STRUCT_OPS]: StructOpsMap,
  [BpfMapType.BPF_MAP_TYPE_INSN_ARRAY]: InsnArray,
  [BpfMapType.BPF_MAP_TYPE_RHASH]: RhashMap,
  [BpfMapType.BPF_MAP_TYPE_TASK_STORAGE]: TaskStorage,
  [BpfMapType.BPF_MAP_TYPE_INODE_STORAGE]: InodeStorage,
  [BpfMapType.BPF_MAP_TYPE_SK_STORAGE]: SkStorage,
  [BpfMapType.BPF_MAP_TYPE_CGRP_STORAGE]: CgrpStorage,
};

/** Wraps a map's fd, and from then on owns it, as the class of the type that the kernel says it has; BpfMap itself for a type without one. Throws BpfError. */
export function wrapMap(sys: Sys, kernel: Kernel, fd: OwnedFd, def: MapDef): BpfMap {
  const parts = mapParts(sys, kernel, fd, def);
  return new (classes[Number(parts.info['type'])] ?? BpfMap)(parts);
}

/** What a map of any class is made from. Throws BpfError. */
export function mapParts(sys: Sys, kernel: Kernel, fd: OwnedFd, def: MapDef): MapParts {
  const info = queryMapInfo(sys, fd.value, `map ${def.name}`);
  const wrap = (other: OwnedFd, its: MapDef): BpfMap => wrapMap(sys, kernel, other, its);
  return { sys, kernel, fd, def, info, wrap };
}
