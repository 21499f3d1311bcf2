import { BpfFlags, BpfMapType } from '../abi/index.js';
import { type BpfMap, queryMapInfo, requireMap } from '../maps/index.js';
import { flagNames, type MapSpec, mapTypeName, ObjectError } from '../object/index.js';
import type { OwnedFd, Sys } from '../syscall/index.js';

/** The kernel sets BPF_F_RDONLY_PROG on these by itself. */
const readonlyByKernel: readonly number[] = [
  BpfMapType.BPF_MAP_TYPE_DEVMAP,
  BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH,
];

/** What an fd may do is none of the map's flags (bpf_map_flags_retain_permanent in include/linux/bpf.h). */
const accessFlags = BpfFlags.BPF_F_RDONLY | BpfFlags.BPF_F_WRONLY;

const sizes = { type: 'type', key_size: 'keySize', value_size: 'valueSize' } as const;
const all = { ...sizes, max_entries: 'maxEntries', map_flags: 'flags', map_extra: 'mapExtra' } as const;

/**
 * Throws ObjectError that names the first difference when a pinned map is not what the object defines (libbpf: map_is_reuse_compat), MapError when it is no
 * map, BpfError when the kernel does not tell. As in libbpf the types of keys and values are not compared, only their sizes.
 */
export function requireSame(sys: Sys, fd: OwnedFd, map: MapSpec, file: string, what: string): void {
  requireMap(fd.value, `${file}: ${what}`);
  const difference = firstDifference(sys, fd.value, map, all, `${file}: ${what}`);
  if (difference)
    throw new ObjectError(file, what, `is another map: ${difference}. Remove the pin, or rename the map`);
}

/** Throws ObjectError for a map that programs of the object cannot use in place of their own. Its entries and flags may be others, as in libbpf (bpf_map__reuse_fd). */
export function requireUsable(sys: Sys, given: BpfMap, map: MapSpec, file: string): void {
  const what = `map ${map.name}`;
  const difference = firstDifference(sys, given.fd, map, sizes, `${file}: ${what}`);
  if (difference)
    throw new ObjectError(file, what, `cannot be map ${given.name}, which is another: ${difference}`);
}

function firstDifference(
  sys: Sys,
  fd: number,
  map: MapSpec,
  fields: Partial<typeof all>,
  what: string,
): string | undefined {
  const info = queryMapInfo(sys, fd, what);
  const kept = ~(accessFlags | (readonlyByKernel.includes(map.type) ? BpfFlags.BPF_F_RDONLY_PROG : 0));
  for (const [field, name] of Object.entries(fields)) {
    const plain = (value: number | bigint) =>
      BigInt(field === 'map_flags' ? (Number(value) & kept) >>> 0 : value);
    const [there, here] = [plain(info[field] as number | bigint), plain(map[name])];
    if (there !== here) return `${field} is ${text(field, there)} there, ${text(field, here)} here`;
  }
  return undefined;
}

function text(field: string, value: bigint): string {
  if (field === 'type') return mapTypeName(Number(value));
  const names = field === 'map_flags' ? flagNames(Number(value)) : [];
  return names.length ? `${value} (${names.join(', ')})` : `${value}`;
}
