import { BpfMapType } from '../abi/index.js';
import type { BtfTypes } from '../btf/index.js';
import { keepsDatasec } from './plan/btf-sanitize.js';
import type { KernelView } from './plan/kernel-view.js';
import type { MapSpec } from './types.js';

const {
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STACK_TRACE,
  BPF_MAP_TYPE_TASK_STORAGE,
  BPF_MAP_TYPE_XSKMAP,
} = BpfMapType;

/** Maps that libbpf creates without BTF (bpf_object__create_map): what they hold is the kernel's. */
const withoutBtf: ReadonlySet<number> = new Set([
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_STACK_TRACE,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_XSKMAP,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_ARENA,
]);

/** Maps whose key the kernel wants to be a 4-byte integer. */
const keyedByInt: ReadonlySet<number> = new Set([
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_TASK_STORAGE,
  BPF_MAP_TYPE_CGRP_STORAGE,
]);

/** What MAP_CREATE is told of the types of keys and values. */
export interface MapBtf {
  readonly btf_fd: { readonly fd: 'btf' };
  readonly btf_key_type_id: number;
  readonly btf_value_type_id: number;
}

/**
 * The types to tell the kernel, where it takes any. It refuses types that it does not expect of a map (map_check_btf in kernel/bpf/syscall.c
 * and the `.map_check_btf` of the map types); libbpf then tries again without, which this foresees.
 */
export function mapBtf(btf: BtfTypes, map: MapSpec, kernel: KernelView): MapBtf | undefined {
  if (withoutBtf.has(map.type)) return undefined;
  const told = accepts(btf, map, kernel);
  return {
    btf_fd: { fd: 'btf' },
    btf_key_type_id: told ? map.keyTypeId : 0,
    btf_value_type_id: told ? map.valueTypeId : 0,
  };
}

function accepts(
  btf: BtfTypes,
  { type, internal, keyTypeId, valueTypeId }: MapSpec,
  kernel: KernelView,
): boolean {
  if (valueTypeId === 0) return false;
  if (keyTypeId === 0) {
    if (internal === undefined) return type === BPF_MAP_TYPE_BLOOM_FILTER;
    const value = btf.type(valueTypeId);
    return value.kind !== 'datasec' || keepsDatasec(value, kernel);
  }
  const key = btf.resolved(keyTypeId);
  if (keyedByInt.has(type)) return key.kind === 'int' && key.bits === 32 && key.offset === 0;
  return type !== BPF_MAP_TYPE_LPM_TRIE || key.kind === 'struct';
}
