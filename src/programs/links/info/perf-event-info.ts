import { bpfLinkInfoPerfEvent } from '../../../abi/index.js';
import type { LinkInfoQuery, LinkMember } from './link-info-query.js';
import type { LinkInfoBase, PerfEventLinkInfo } from './link-info-types.js';

/** `enum bpf_perf_event_type`, from 1. */
const kinds = ['uprobe', 'uretprobe', 'kprobe', 'kretprobe', 'tracepoint', 'event'] as const;

/** bpf_perf_link_fill_link_info in kernel/bpf/syscall.c (Linux 6.6). */
export function perfEventInfo(query: LinkInfoQuery, base: LinkInfoBase): PerfEventLinkInfo {
  const { type, name_len } = query.first(bpfLinkInfoPerfEvent.uprobe)['perf_event'] as Record<string, number>;
  const named = (layout: keyof typeof bpfLinkInfoPerfEvent, address: string) =>
    query.askName(bpfLinkInfoPerfEvent[layout], 'perf_event', address, 'name_len', name_len!);
  const start = { ...base, typeName: 'perf_event' } as const;
  const event = kinds[type! - 1];
  switch (event) {
    case 'uprobe':
    case 'uretprobe': {
      const { name, member } = named('uprobe', 'file_name');
      const { offset, cookie, ref_ctr_offset } = member as UprobeMember;
      return { ...start, event, path: name, offset, cookie, refCtrOffset: ref_ctr_offset };
    }
    case 'kprobe':
    case 'kretprobe': {
      const { name, member } = named('kprobe', 'func_name');
      const { offset, addr, missed, cookie } = member as KprobeMember;
      return { ...start, event, symbol: name, offset, address: addr, missed, cookie };
    }
    case 'tracepoint': {
      const { name, member } = named('tracepoint', 'tp_name');
      return { ...start, event, name, cookie: member['cookie'] as bigint | undefined };
    }
    case 'event': {
      const member = query.ask(bpfLinkInfoPerfEvent.event, 'perf_event');
      const { config, event_type, cookie } = member as OtherMember;
      return { ...start, event, perfType: event_type, config, cookie };
    }
    default:
      return { ...start, event, cookie: undefined };
  }
}

type UprobeMember = LinkMember & { offset: number; cookie?: bigint; ref_ctr_offset?: bigint };
type KprobeMember = LinkMember & { offset: number; addr: bigint; missed?: bigint; cookie?: bigint };
type OtherMember = LinkMember & { config: bigint; event_type: number; cookie?: bigint };
