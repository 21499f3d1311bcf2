import { BpfCmd, BpfFlags, BpfMapType, BpfProgType, hostEndian } from '../abi/index.js';
import { assemble, exit, mov } from '../insn/index.js';
import { bpf, Errno, type Sys } from '../syscall/index.js';

const sleepable = 16;

/** Program types that can be loaded only for a target in the kernel's BTF. */
const needTarget = new Set<number>([
  BpfProgType.BPF_PROG_TYPE_TRACING,
  BpfProgType.BPF_PROG_TYPE_STRUCT_OPS,
  BpfProgType.BPF_PROG_TYPE_EXT,
  BpfProgType.BPF_PROG_TYPE_LSM,
]);

/**
 * Loads and closes the smallest program of a type. False when the kernel answers EINVAL before the verifier has a word to say,
 * which is its answer to a type it does not know; undefined for a type that this cannot tell of.
 */
export function probeProgType(
  sys: Sys,
  type: number,
  attachType: number,
  kernVersion: number,
): boolean | undefined {
  if (needTarget.has(type)) return undefined;
  const log = new Uint8Array(4096);
  const result = bpf(sys, BpfCmd.BPF_PROG_LOAD, {
    prog_type: type,
    insn_cnt: 2,
    insns: assemble([mov(0, 0), exit()], hostEndian),
    license: 'GPL',
    kern_version: kernVersion,
    expected_attach_type: attachType,
    prog_flags: type === BpfProgType.BPF_PROG_TYPE_SYSCALL ? sleepable : 0,
    log_level: 1,
    log_size: log.length,
    log_buf: log,
  });
  if (result >= 0) sys.close(result);
  return result !== -Errno.EINVAL || log[0] !== 0;
}

/** Map types that need more than sizes: BTF, an inner map, a mapping. */
const needMore = new Set<number>([
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_SK_STORAGE,
  BpfMapType.BPF_MAP_TYPE_INODE_STORAGE,
  BpfMapType.BPF_MAP_TYPE_TASK_STORAGE,
  BpfMapType.BPF_MAP_TYPE_CGRP_STORAGE,
  BpfMapType.BPF_MAP_TYPE_STRUCT_OPS,
  BpfMapType.BPF_MAP_TYPE_ARENA,
]);

/** Sizes of the smallest map where they are not a key of 4, a value of 4 and one entry. */
function smallest(type: number, pageSize: number): Record<string, number> {
  switch (type) {
    case BpfMapType.BPF_MAP_TYPE_RINGBUF:
    case BpfMapType.BPF_MAP_TYPE_USER_RINGBUF:
      return { key_size: 0, value_size: 0, max_entries: pageSize };
    case BpfMapType.BPF_MAP_TYPE_LPM_TRIE:
      return { key_size: 8, map_flags: BpfFlags.BPF_F_NO_PREALLOC };
    case BpfMapType.BPF_MAP_TYPE_STACK_TRACE:
      return { value_size: 8 };
    case BpfMapType.BPF_MAP_TYPE_QUEUE:
    case BpfMapType.BPF_MAP_TYPE_STACK:
    case BpfMapType.BPF_MAP_TYPE_BLOOM_FILTER:
      return { key_size: 0 };
    case BpfMapType.BPF_MAP_TYPE_CGROUP_STORAGE:
    case BpfMapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      // struct bpf_cgroup_storage_key
      return { key_size: 16, max_entries: 0 };
    default:
      return {};
  }
}

/** Creates and closes the smallest map of a type. False when the kernel refuses it; undefined for a type that needs more than sizes. */
export function probeMapType(sys: Sys, type: number, pageSize: number): boolean | undefined {
  if (needMore.has(type)) return undefined;
  const result = bpf(sys, BpfCmd.BPF_MAP_CREATE, {
    map_type: type,
    key_size: 4,
    value_size: 4,
    max_entries: 1,
    ...smallest(type, pageSize),
  });
  if (result >= 0) sys.close(result);
  return result >= 0;
}
