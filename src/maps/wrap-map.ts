import { BpfMapType } from '../abi/index.js';
import type { Kernel } from '../kernel/index.js';
import type { OwnedFd, Sys } from '../syscall/index.js';
import { ArenaMap } from './arena.js';
import { ArrayMap } from './array.js';
import { ArrayOfMaps } from './array-of-maps.js';
import { BloomFilter } from './bloom-filter.js';
import { BpfMap, type MapParts } from './bpf-map.js';
import { CgroupArray } from './cgroup-array.js';
import { CgroupStorage } from './cgroup-storage.js';
import { CgrpStorage } from './cgrp-storage.js';
import { CpuMap } from './cpumap.js';
import { DevMap } from './devmap.js';
import { DevMapHash } from './devmap-hash.js';
import { PerfEventArray } from './events/perf-event-array.js';
import { RingBuf } from './events/ring-buf.js';
import { UserRingBuf } from './events/user-ring-buf.js';
import { HashMap } from './hash.js';
import { HashOfMaps } from './hash-of-maps.js';
import { InodeStorage } from './inode-storage.js';
import { InsnArray } from './insn-array.js';
import { LpmTrie } from './lpm-trie.js';
import { LruHashMap } from './lru-hash.js';
import { LruPercpuHashMap } from './lru-percpu-hash.js';
import type { MapDef } from './map-def.js';
import { queryMapInfo } from './map-info.js';
import { PercpuArrayMap } from './percpu-array.js';
import { PercpuCgroupStorage } from './percpu-cgroup-storage.js';
import { PercpuHashMap } from './percpu-hash.js';
import { ProgArray } from './prog-array.js';
import { QueueMap } from './queue.js';
import { ReuseportSockArray } from './reuseport-sockarray.js';
import { RhashMap } from './rhash.js';
import { SkStorage } from './sk-storage.js';
import { SockHash } from './sockhash.js';
import { SockMap } from './sockmap.js';
import { StackMap } from './stack.js';
import { StackTraceMap } from './stack-trace.js';
import { StructOpsMap } from './struct-ops.js';
import { TaskStorage } from './task-storage.js';
import { XskMap } from './xskmap.js';

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
