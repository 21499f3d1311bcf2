import { readFileSync } from 'node:fs';
import { BpfCmd, bpfMapInfo, type DecodedRecord } from '../abi/index.js';
import { flagNames, mapTypeName } from '../object/index.js';
import { BpfError, bpfInOut, type Sys } from '../syscall/index.js';

/** What the kernel says of a map (`struct bpf_map_info`, and `/proc/self/fdinfo`). Sizes are bytes; what a kernel is too old to tell is 0. */
export interface MapInfo {
  /** `enum bpf_map_type`. */
  readonly type: number;
  /** As bpftool names it: `percpu_hash`. */
  readonly typeName: string;
  readonly id: number;
  /** At most 15 characters (Linux 4.15). */
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** `BPF_F_*`. */
  readonly flags: number;
  /** `['no_prealloc', 'rdonly_prog']`; bits that have no name as hex. */
  readonly flagNames: readonly string[];
  /** Linux 5.16: hash functions of a bloom filter, address of an arena. */
  readonly mapExtra: bigint;
  /** Network device that the map is offloaded to and, with it, the network namespace of that; 0 for none. */
  readonly ifindex: number;
  readonly netnsDev: bigint;
  readonly netnsIno: bigint;
  /** Id of the BTF that the key's and value's type ids are of (Linux 4.18); 0 when the map has none. */
  readonly btfId: number;
  readonly keyTypeId: number;
  readonly valueTypeId: number;
  /** Of a struct_ops map: the type of its value, in the BTF of the kernel or, where given, in that of this id (Linux 6.9). */
  readonly vmlinuxValueTypeId: number;
  readonly vmlinuxBtfId: number;
  /** User space may no longer write it (Linux 5.2); undefined where `/proc` does not tell. */
  readonly frozen: boolean | undefined;
  /** Bytes that the map takes up; undefined where `/proc` does not tell. Before Linux 6.4 an estimate made at creation. */
  readonly memlock: number | undefined;
  /** Of a prog array that has met its first program, or the first one that jumps: the type of all its programs (`enum bpf_prog_type`), and whether they are jited. */
  readonly ownerProgType?: number;
  readonly ownerJited?: boolean;
}

/** Asks for `struct bpf_map_info`; bytes that the kernel did not write read as 0. Throws BpfError. */
export function queryMapInfo(sys: Sys, fd: number, what: string): DecodedRecord {
  const cmd = BpfCmd.BPF_OBJ_GET_INFO_BY_FD;
  const info = new Uint8Array(bpfMapInfo.size);
  const { result, attr } = bpfInOut(sys, cmd, { bpf_fd: fd, info_len: info.length, info });
  if (result < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what });
  return bpfMapInfo.decode(info.subarray(0, Number(attr['info_len'])));
}

/** Reads all there is to know of a map's fd. Throws BpfError. */
export function readMapInfo(sys: Sys, fd: number, what: string): MapInfo {
  const info = queryMapInfo(sys, fd, what);
  const number = (field: string) => Number(info[field]);
  return {
    type: number('type'),
    typeName: mapTypeName(number('type')),
    id: number('id'),
    name: info['name'] as string,
    keySize: number('key_size'),
    valueSize: number('value_size'),
    maxEntries: number('max_entries'),
    flags: number('map_flags'),
    flagNames: flagNames(number('map_flags')),
    mapExtra: info['map_extra'] as bigint,
    ifindex: number('ifindex'),
    netnsDev: info['netns_dev'] as bigint,
    netnsIno: info['netns_ino'] as bigint,
    btfId: number('btf_id'),
    keyTypeId: number('btf_key_type_id'),
    valueTypeId: number('btf_value_type_id'),
    vmlinuxValueTypeId: number('btf_vmlinux_value_type_id'),
    vmlinuxBtfId: number('btf_vmlinux_id'),
    ...fdInfo(fd, number('id')),
  };
}

/** What the kernel says of a map only in `/proc/self/fdinfo` (bpf_map_show_fdinfo in kernel/bpf/syscall.c). */
function fdInfo(
  fd: number,
  id: number,
): Pick<MapInfo, 'frozen' | 'memlock' | 'ownerProgType' | 'ownerJited'> {
  const unknown = { frozen: undefined, memlock: undefined };
  let text: string;
  try {
    text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  } catch {
    return unknown;
  }
  const number = (name: string) => {
    const found = new RegExp(`^${name}:\\s*(\\d+)$`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  // An fd of a kernel that is not this process's (a fake one's) has a number that may be another file's here.
  if (number('map_id') !== id) return unknown;
  const flag = (name: string) => {
    const value = number(name);
    return value === undefined ? undefined : value === 1;
  };
  const ownerProgType = number('owner_prog_type');
  const ownerJited = flag('owner_jited');
  return {
    frozen: flag('frozen'),
    memlock: number('memlock'),
    ...(ownerProgType === undefined ? {} : { ownerProgType }),
    ...(ownerJited === undefined ? {} : { ownerJited }),
  };
}
