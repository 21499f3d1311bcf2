import { BpfMapType } from '../../abi/index.js';

const indexed: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PROG_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BpfMapType.BPF_MAP_TYPE_CGROUP_ARRAY,
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_DEVMAP,
  BpfMapType.BPF_MAP_TYPE_CPUMAP,
  BpfMapType.BPF_MAP_TYPE_XSKMAP,
  BpfMapType.BPF_MAP_TYPE_SOCKMAP,
  BpfMapType.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
]);

/** Whether the keys of a map type are indexes, from 0 to max_entries - 1. */
export function isIndexed(type: number): boolean {
  return indexed.has(type);
}

/** Whether a map type has all its elements at all times, from zeros on: none can be deleted. */
export function isDense(type: number): boolean {
  return type === BpfMapType.BPF_MAP_TYPE_ARRAY || type === BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY;
}
