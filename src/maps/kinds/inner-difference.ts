import { BpfFlags, BpfMapType, type DecodedRecord } from '../../abi/index.js';
import type { Sys } from '../../syscall/index.js';
import { queryMapInfo } from '../map-info.js';

/** What the kernel compares of an inner map with the one that its outer map was made with. Sizes are bytes. */
export interface InnerShape {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
}

const fields = [
  ['type', 'type'],
  ['key_size', 'keySize'],
  ['value_size', 'valueSize'],
  ['map_flags', 'flags'],
] as const;

/** The first thing in which a map's fd is not as inner maps must be (bpf_map_meta_equal in kernel/bpf/map_in_map.c); undefined when it is alike. Throws BpfError. */
export function innerDifference(sys: Sys, fd: number, like: InnerShape, outer: string): string | undefined {
  const info = queryMapInfo(sys, fd, `inner map of ${outer}`);
  const differing = fields.find(([field, name]) => info[field] !== like[name]);
  if (differing) return sentence(info, differing[0], like[differing[1]]);
  return comparesEntries(like) && info['max_entries'] !== like.maxEntries
    ? sentence(info, 'max_entries', like.maxEntries)
    : undefined;
}

/** An array's size is compiled into programs, unless it was made to vary (Linux 5.10). */
function comparesEntries({ type, flags }: InnerShape): boolean {
  return type === BpfMapType.BPF_MAP_TYPE_ARRAY && !(flags & BpfFlags.BPF_F_INNER_MAP);
}

function sentence(info: DecodedRecord, field: string, wanted: number): string {
  return `${field} of map ${info['name']} is ${info[field]}, inner maps must have ${wanted}`;
}
