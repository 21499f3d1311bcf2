import { BpfCmd, BpfFlags, BpfMapType, hostEndian } from '../abi/index.js';
import { type BtfType, encodeBtf } from '../btf/index.js';
import { type MapTypeName, mapTypeNamed } from '../object/index.js';
import { bpf, Errno, liveSys } from '../syscall/index.js';
import { pageSize } from './page-size.js';
import { denied, type Support, type SupportOptions } from './support-program.js';

type Fields = Readonly<Record<string, number>>;
const type = BpfMapType;

/** The smallest map of each type, where that is not one entry with a key and a value of 4 bytes. */
const shapes: Readonly<Record<number, Fields>> = {
  [type.BPF_MAP_TYPE_STACK_TRACE]: { value_size: 8 },
  [type.BPF_MAP_TYPE_LPM_TRIE]: { key_size: 8, value_size: 8, map_flags: BpfFlags.BPF_F_NO_PREALLOC },
  [type.BPF_MAP_TYPE_RHASH]: { map_flags: BpfFlags.BPF_F_NO_PREALLOC },
  // struct bpf_cgroup_storage_key
  [type.BPF_MAP_TYPE_CGROUP_STORAGE]: { key_size: 16, value_size: 8, max_entries: 0 },
  [type.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE]: { key_size: 16, value_size: 8, max_entries: 0 },
  [type.BPF_MAP_TYPE_QUEUE]: { key_size: 0 },
  [type.BPF_MAP_TYPE_STACK]: { key_size: 0 },
  [type.BPF_MAP_TYPE_BLOOM_FILTER]: { key_size: 0 },
  [type.BPF_MAP_TYPE_ARENA]: { key_size: 0, value_size: 0, map_flags: BpfFlags.BPF_F_MMAPABLE },
  // struct bpf_insn_array_value
  [type.BPF_MAP_TYPE_INSN_ARRAY]: { value_size: 16 },
};

const ringTypes = new Set<number>([type.BPF_MAP_TYPE_RINGBUF, type.BPF_MAP_TYPE_USER_RINGBUF]);
const outerTypes = new Set<number>([type.BPF_MAP_TYPE_ARRAY_OF_MAPS, type.BPF_MAP_TYPE_HASH_OF_MAPS]);
const storageTypes = new Set<number>([
  type.BPF_MAP_TYPE_SK_STORAGE,
  type.BPF_MAP_TYPE_INODE_STORAGE,
  type.BPF_MAP_TYPE_TASK_STORAGE,
  type.BPF_MAP_TYPE_CGRP_STORAGE,
]);

/** Whether the kernel has maps of a type, found out by making the smallest one and closing it; as libbpf_probe_bpf_map_type() does (tools/lib/bpf/libbpf_probes.c). Throws TypeError for a name that is none. */
export function hasMapType(
  mapType: MapTypeName | number,
  { ifindex = 0, sys = liveSys() }: SupportOptions = {},
): Support {
  const map_type = mapTypeNamed(mapType);
  const make = (fields: Fields): Support => {
    const result = bpf(sys, BpfCmd.BPF_MAP_CREATE, {
      map_type,
      key_size: 4,
      value_size: 4,
      max_entries: 1,
      ...fields,
    });
    if (result >= 0) sys.close(result);
    // A kernel that knows struct_ops looks for the value's type, which is none.
    if (map_type === type.BPF_MAP_TYPE_STRUCT_OPS) return answer(result === -Errno.ENOTSUPP, result);
    return answer(result >= 0, result);
  };
  const answer = (has: boolean, result: number): Support => (!has && denied(sys, -result) ? undefined : has);
  const within = (fd: number, fields: Fields): Support => {
    if (fd < 0) return answer(false, fd);
    const has = make(fields);
    sys.close(fd);
    return has;
  };
  if (ifindex) return make({ map_ifindex: ifindex });
  if (ringTypes.has(map_type)) return make({ key_size: 0, value_size: 0, max_entries: pageSize() });
  if (map_type === type.BPF_MAP_TYPE_STRUCT_OPS) return make({ btf_vmlinux_value_type_id: 1 });
  if (outerTypes.has(map_type)) {
    const inner = { map_type: type.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 4, max_entries: 1 };
    const inner_map_fd = bpf(sys, BpfCmd.BPF_MAP_CREATE, inner);
    return within(inner_map_fd, { inner_map_fd });
  }
  if (storageTypes.has(map_type)) {
    const btf = encodeBtf(storageTypesBtf, hostEndian);
    const btf_fd = bpf(sys, BpfCmd.BPF_BTF_LOAD, { btf, btf_size: btf.length });
    return within(btf_fd, {
      btf_fd,
      btf_key_type_id: 1,
      btf_value_type_id: 3,
      value_size: 8,
      max_entries: 0,
      map_flags: BpfFlags.BPF_F_NO_PREALLOC,
    });
  }
  return make(shapes[map_type] ?? {});
}

const member = (name: string, type: number, bitOffset: number) => ({ name, type, bitOffset, bitSize: 0 });

/** A key, and a value with a spin lock: the first such maps took no other. */
const storageTypesBtf: readonly BtfType[] = [
  {
    id: 0,
    kind: 'int',
    name: 'int',
    size: 4,
    bits: 32,
    offset: 0,
    signed: true,
    char: false,
    bool: false,
  },
  { id: 0, kind: 'struct', name: 'bpf_spin_lock', size: 4, kindFlag: false, members: [member('val', 1, 0)] },
  {
    id: 0,
    kind: 'struct',
    name: 'val',
    size: 8,
    kindFlag: false,
    members: [member('cnt', 1, 0), member('l', 2, 32)],
  },
];
