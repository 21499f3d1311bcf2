import { BpfLinkType, bpfLinkInfo, bpfLinkInfoIterTask, enumName, type Struct } from '../../../abi/index.js';
import { attachTypeName } from '../../../object/index.js';
import type { Sys } from '../../../syscall/index.js';
import { LinkInfoQuery, type LinkMember } from './link-info-query.js';
import type { AttachTypeInfo, IterLinkInfo, LinkInfo, LinkInfoBase } from './link-info-types.js';
import { kprobeMultiInfo, uprobeMultiInfo } from './multi-link-info.js';
import { perfEventInfo } from './perf-event-info.js';

/** Asks for all that the kernel tells of a link (Linux 5.8). Throws BpfError. */
export function readLinkInfo(sys: Sys, fd: number, what: string): LinkInfo {
  const query = new LinkInfoQuery(sys, fd, what);
  const { type, id, prog_id } = query.first(bpfLinkInfo[0]);
  const base = { id: Number(id), type: Number(type), progId: Number(prog_id) };
  return readers[base.type]?.(query, base) ?? { ...base, typeName: otherType(base.type) };
}

/** The layout that has this member of the union. */
export function layoutOf(member: string): Struct {
  return bpfLinkInfo.find(layout => layout.has(member))!;
}

type Read = (query: LinkInfoQuery, base: LinkInfoBase) => LinkInfo;

const readers: Readonly<Record<number, Read>> = {
  [BpfLinkType.BPF_LINK_TYPE_RAW_TRACEPOINT]: (query, base) => {
    const layout = layoutOf('raw_tracepoint');
    const { tp_name_len } = query.first(layout)['raw_tracepoint'] as { tp_name_len: number };
    const named = query.askName(layout, 'raw_tracepoint', 'tp_name', 'tp_name_len', tp_name_len);
    return { ...base, typeName: 'raw_tracepoint', name: named.name, cookie: big(named.member['cookie']) };
  },
  [BpfLinkType.BPF_LINK_TYPE_TRACING]: (query, base) => {
    const tracing = query.ask(layoutOf('tracing'), 'tracing');
    return {
      ...base,
      typeName: 'tracing',
      ...attachType(tracing),
      targetObjectId: int(tracing['target_obj_id']),
      targetBtfId: int(tracing['target_btf_id']),
      cookie: big(tracing['cookie']),
    };
  },
  [BpfLinkType.BPF_LINK_TYPE_CGROUP]: (query, base) => {
    const cgroup = query.ask(layoutOf('cgroup'), 'cgroup');
    return { ...base, typeName: 'cgroup', ...attachType(cgroup), cgroupId: big(cgroup['cgroup_id']) ?? 0n };
  },
  [BpfLinkType.BPF_LINK_TYPE_ITER]: (query, base) => ({ ...base, typeName: 'iter', ...iter(query) }),
  [BpfLinkType.BPF_LINK_TYPE_NETNS]: (query, base) => {
    const netns = query.ask(layoutOf('netns'), 'netns');
    return { ...base, typeName: 'netns', ...attachType(netns), netnsIno: int(netns['netns_ino']) ?? 0 };
  },
  [BpfLinkType.BPF_LINK_TYPE_XDP]: (query, base) => {
    const xdp = query.ask(layoutOf('xdp'), 'xdp');
    return { ...base, typeName: 'xdp', ifindex: int(xdp['ifindex']) ?? 0 };
  },
  [BpfLinkType.BPF_LINK_TYPE_TCX]: device('tcx'),
  [BpfLinkType.BPF_LINK_TYPE_NETKIT]: device('netkit'),
  [BpfLinkType.BPF_LINK_TYPE_STRUCT_OPS]: (query, base) => {
    const ops = query.ask(layoutOf('struct_ops'), 'struct_ops');
    return { ...base, typeName: 'struct_ops', mapId: int(ops['map_id']) };
  },
  [BpfLinkType.BPF_LINK_TYPE_NETFILTER]: (query, base) => {
    const netfilter = query.ask(layoutOf('netfilter'), 'netfilter');
    const number = (field: string): number => int(netfilter[field]) ?? 0;
    return {
      ...base,
      typeName: 'netfilter',
      pf: number('pf'),
      hooknum: number('hooknum'),
      priority: number('priority'),
      flags: number('flags'),
    };
  },
  [BpfLinkType.BPF_LINK_TYPE_SOCKMAP]: (query, base) => {
    const sockmap = query.ask(layoutOf('sockmap'), 'sockmap');
    return { ...base, typeName: 'sockmap', ...attachType(sockmap), mapId: int(sockmap['map_id']) ?? 0 };
  },
  [BpfLinkType.BPF_LINK_TYPE_KPROBE_MULTI]: kprobeMultiInfo,
  [BpfLinkType.BPF_LINK_TYPE_UPROBE_MULTI]: uprobeMultiInfo,
  [BpfLinkType.BPF_LINK_TYPE_PERF_EVENT]: perfEventInfo,
};

function device(typeName: 'tcx' | 'netkit'): Read {
  return (query, base) => {
    const member = query.ask(layoutOf(typeName), typeName);
    return { ...base, typeName, ...attachType(member), ifindex: int(member['ifindex']) ?? 0 };
  };
}

/** Which fields the kernel writes depends on what the iterator goes over (bpf_iter_reg.fill_link_info). */
function iter(query: LinkInfoQuery): Omit<IterLinkInfo, keyof LinkInfoBase | 'typeName'> {
  const layout = layoutOf('iter');
  const { target_name_len } = query.first(layout)['iter'] as { target_name_len: number };
  const { name, member } = query.askName(layout, 'iter', 'target_name', 'target_name_len', target_name_len);
  const cgroup = name === 'cgroup' ? (member['cgroup'] as LinkMember) : {};
  const task = name.startsWith('task')
    ? query.ask(bpfLinkInfoIterTask, 'iter', { target_name: 0, target_name_len: 0 })
    : {};
  return {
    target: name,
    mapId: int((member['map'] as LinkMember)['map_id']),
    cgroupId: big(cgroup['cgroup_id']),
    order: int(cgroup['order']),
    tid: int(task['tid']),
    pid: int(task['pid']),
  };
}

function attachType(member: LinkMember): AttachTypeInfo {
  const attachType = int(member['attach_type']);
  return {
    attachType,
    attachTypeName: attachType === undefined ? undefined : attachTypeName(attachType),
  };
}

const int = (field: LinkMember[string]): number | undefined => field as number | undefined;
const big = (field: LinkMember[string]): bigint | undefined => field as bigint | undefined;

function otherType(type: number): 'unspec' | 'tracing_multi' | `unknown (${number})` {
  const name = enumName(BpfLinkType, type)?.replace('BPF_LINK_TYPE_', '').toLowerCase();
  return name === 'unspec' || name === 'tracing_multi' ? name : `unknown (${type})`;
}
