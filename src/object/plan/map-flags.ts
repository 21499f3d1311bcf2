import { BpfFlags } from '../../abi/index.js';

/** The flags that a map may be created with (include/uapi/linux/bpf.h), by the kernel's names without `BPF_F_`, in lower case. */
export const mapFlags = {
  no_prealloc: BpfFlags.BPF_F_NO_PREALLOC,
  no_common_lru: BpfFlags.BPF_F_NO_COMMON_LRU,
  numa_node: BpfFlags.BPF_F_NUMA_NODE,
  rdonly: BpfFlags.BPF_F_RDONLY,
  wronly: BpfFlags.BPF_F_WRONLY,
  stack_build_id: BpfFlags.BPF_F_STACK_BUILD_ID,
  zero_seed: BpfFlags.BPF_F_ZERO_SEED,
  rdonly_prog: BpfFlags.BPF_F_RDONLY_PROG,
  wronly_prog: BpfFlags.BPF_F_WRONLY_PROG,
  clone: BpfFlags.BPF_F_CLONE,
  mmapable: BpfFlags.BPF_F_MMAPABLE,
  preserve_elems: BpfFlags.BPF_F_PRESERVE_ELEMS,
  inner_map: BpfFlags.BPF_F_INNER_MAP,
  link: BpfFlags.BPF_F_LINK,
  vtype_btf_obj_fd: BpfFlags.BPF_F_VTYPE_BTF_OBJ_FD,
  token_fd: BpfFlags.BPF_F_TOKEN_FD,
  segv_on_fault: BpfFlags.BPF_F_SEGV_ON_FAULT,
  no_user_conv: BpfFlags.BPF_F_NO_USER_CONV,
  rb_overwrite: BpfFlags.BPF_F_RB_OVERWRITE,
} as const;

export type MapFlag = keyof typeof mapFlags;

/** The names of flags, bits without one as hex. */
export function flagNames(flags: number): string[] {
  const names: string[] = [];
  let rest = flags >>> 0;
  for (const [name, bit] of Object.entries(mapFlags))
    if (rest & bit) {
      names.push(name);
      rest &= ~bit;
    }
  return rest ? [...names, `0x${(rest >>> 0).toString(16)}`] : names;
}

/** The bits of flags given as a number or by name. Throws TypeError for a name that is none. */
export function flagBits(flags: number | readonly MapFlag[]): number {
  if (typeof flags === 'number') return flags;
  return flags.reduce((bits, name) => {
    const bit = mapFlags[name];
    if (bit === undefined)
      throw new TypeError(
        `flag ${name}: there is none of this name; there is ${Object.keys(mapFlags).join(', ')}`,
      );
    return bits | bit;
  }, 0);
}
