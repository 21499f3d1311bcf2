import { BpfFlags, bpfLinkInfo, type Struct } from '../../../abi/index.js';
import type { LinkInfoQuery, LinkMember } from './link-info-query.js';
import type { KprobeMultiLinkInfo, LinkInfoBase, UprobeMultiLinkInfo } from './link-info-types.js';
import { textOf, untouched, unwritten } from './unwritten.js';

const [kprobe, uprobe] = ['kprobe_multi', 'uprobe_multi'].map(
  member => bpfLinkInfo.find(layout => layout.has(member))!,
) as [Struct, Struct];
/** The longest path that the kernel gives, with its NUL (include/uapi/linux/limits.h); it does not say how long one is before it has room for it. */
const PATH_MAX = 4096;

/** bpf_kprobe_multi_link_fill_link_info in kernel/trace/bpf_trace.c. */
export function kprobeMultiInfo(query: LinkInfoQuery, base: LinkInfoBase): KprobeMultiLinkInfo {
  const { count } = query.first(kprobe)['kprobe_multi'] as { count: number };
  const addrs = words(count);
  const cookies = words(count);
  const given = count ? { addrs, cookies, count } : {};
  const member = query.ask(kprobe, 'kprobe_multi', given);
  const flags = int(member['flags']);
  const cookie = untouched(cookies) ? undefined : numbers(cookies);
  return {
    ...base,
    typeName: 'kprobe_multi',
    flags,
    retprobe: flags === undefined ? undefined : (flags & BpfFlags.BPF_F_KPROBE_MULTI_RETURN) !== 0,
    missed: member['missed'] as bigint | undefined,
    // A kernel that tells nothing has left the count at 0, and no link is of no function.
    functions: count
      ? numbers(addrs).map((address, i) => ({
          address,
          cookie: cookie?.[i],
        }))
      : undefined,
  };
}

/** bpf_uprobe_multi_link_fill_link_info in kernel/trace/bpf_trace.c. */
export function uprobeMultiInfo(query: LinkInfoQuery, base: LinkInfoBase): UprobeMultiLinkInfo {
  const { count } = query.first(uprobe)['uprobe_multi'] as { count: number };
  const path = new Uint8Array(PATH_MAX);
  const [offsets, ref_ctr_offsets, cookies] = [words(count), words(count), words(count)];
  const given = count ? { path, path_size: path.length, offsets, ref_ctr_offsets, cookies, count } : {};
  const member = query.ask(uprobe, 'uprobe_multi', given);
  const flags = int(member['flags']);
  const [refCtr, cookie] = [numbers(ref_ctr_offsets), numbers(cookies)];
  return {
    ...base,
    typeName: 'uprobe_multi',
    path: count ? textOf(path) : undefined,
    pid: int(member['pid']),
    flags,
    retprobe: flags === undefined ? undefined : (flags & BpfFlags.BPF_F_UPROBE_MULTI_RETURN) !== 0,
    places: count
      ? numbers(offsets).map((offset, i) => ({
          offset,
          refCtrOffset: refCtr[i]!,
          cookie: cookie[i]!,
        }))
      : undefined,
  };
}

const int = (field: LinkMember[string]): number | undefined => field as number | undefined;

const words = (count: number): Uint8Array => new Uint8Array(8 * count).fill(unwritten);
const numbers = (bytes: Uint8Array): bigint[] => [...new BigUint64Array(bytes.buffer)];
