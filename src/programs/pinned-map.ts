import { BpfCmd, BpfFlags, BpfMapType, bpfMapInfo } from '../abi/index.js';
import { type MapSpec, ObjectError } from '../object/index.js';
import { BpfError, bpf, type OwnedFd, type Sys } from '../syscall/index.js';

/** The kernel sets BPF_F_RDONLY_PROG on these by itself. */
const readonlyByKernel: readonly number[] = [
  BpfMapType.BPF_MAP_TYPE_DEVMAP,
  BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH,
];

/** Throws ObjectError when a pinned map is not what the object defines (libbpf: map_is_reuse_compat), BpfError when the kernel does not tell. */
export function requireSame(sys: Sys, fd: OwnedFd, map: MapSpec, file: string, what: string): void {
  const bytes = new Uint8Array(bpfMapInfo.size);
  const attr = { bpf_fd: fd.value, info_len: bytes.length, info: bytes };
  const result = bpf(sys, BpfCmd.BPF_OBJ_GET_INFO_BY_FD, attr);
  if (result < 0)
    throw new BpfError({
      syscall: 'bpf',
      cmd: BpfCmd.BPF_OBJ_GET_INFO_BY_FD,
      errno: -result,
      what: `${file}: ${what}`,
    });
  const info = bpfMapInfo.decode(bytes);
  const ignored = readonlyByKernel.includes(map.type) ? BpfFlags.BPF_F_RDONLY_PROG : 0;
  const wanted = {
    type: map.type,
    key_size: map.keySize,
    value_size: map.valueSize,
    max_entries: map.maxEntries,
    map_flags: map.flags & ~ignored,
    map_extra: map.mapExtra,
  };
  const different = Object.entries(wanted)
    .map(([name, value]) => {
      const there = name === 'map_flags' ? Number(info[name]) & ~ignored : info[name];
      return BigInt(there as number | bigint) === BigInt(value)
        ? ''
        : `${name} is ${there} there, ${value} here`;
    })
    .filter(Boolean);
  if (different.length > 0)
    throw new ObjectError(
      file,
      what,
      `is another map: ${different.join('; ')}. Remove the pin, or rename the map`,
    );
}
