import { readdirSync, readFileSync } from 'node:fs';
import type { LinkInfo } from '../programs/index.js';

/** A link's fields by bpftool's names, in its order; what the kernel does not tell is left out. */
export type LinkRecord = Readonly<Record<string, unknown>>;

/** `enum bpf_cgroup_iter_order`, in bpftool's words. */
const cgroupOrders = ['order_unspec', 'self_only', 'descendants_pre', 'descendants_post', 'ancestors_up'];

/** What `bpftool -j link show` has of a link, but for pins and processes. */
export function linkRecord(info: LinkInfo): LinkRecord {
  const { id, type, typeName, progId } = info;
  const known = typeName.startsWith('unknown') ? type : typeName;
  return defined({ id, type: known, prog_id: progId, ...details(info) });
}

function details(info: LinkInfo): LinkRecord {
  switch (info.typeName) {
    case 'raw_tracepoint':
      return { tp_name: info.name, cookie: info.cookie };
    case 'tracing':
      return {
        attach_type: info.attachTypeName,
        target_obj_id: info.targetObjectId,
        target_btf_id: info.targetBtfId,
        cookie: info.cookie,
      };
    case 'cgroup':
      return { cgroup_id: info.cgroupId, attach_type: info.attachTypeName };
    case 'iter':
      return {
        target_name: info.target,
        map_id: info.mapId,
        tid: info.tid,
        pid: info.pid,
        cgroup_id: info.cgroupId,
        order: info.order === undefined ? undefined : (cgroupOrders[info.order] ?? 'unknown'),
      };
    case 'netns':
      return { netns_ino: info.netnsIno, attach_type: info.attachTypeName };
    case 'netfilter':
      return { pf: info.pf, hook: info.hooknum, prio: info.priority, flags: info.flags };
    case 'xdp':
      return device(info.ifindex);
    case 'tcx':
    case 'netkit':
      return { ...device(info.ifindex), attach_type: info.attachTypeName };
    case 'sockmap':
      return { map_id: info.mapId, attach_type: info.attachTypeName };
    case 'struct_ops':
      return { map_id: info.mapId };
    case 'kprobe_multi':
      return {
        retprobe: info.retprobe,
        func_cnt: info.functions?.length,
        missed: info.missed,
        funcs: info.functions?.map(({ address, cookie }) => defined({ addr: address, cookie })),
      };
    case 'uprobe_multi':
      return {
        retprobe: info.retprobe,
        path: info.path,
        func_cnt: info.places?.length,
        pid: info.pid,
        funcs: info.places?.map(({ offset, refCtrOffset, cookie }) => ({
          offset,
          ref_ctr_offset: refCtrOffset,
          cookie,
        })),
      };
    case 'perf_event':
      return event(info);
    default:
      return {};
  }
}

function event(info: Extract<LinkInfo, { typeName: 'perf_event' }>): LinkRecord {
  const { cookie } = info;
  switch (info.event) {
    case 'kprobe':
    case 'kretprobe':
      return {
        retprobe: info.event === 'kretprobe',
        addr: info.address,
        func: info.symbol,
        offset: info.offset,
        missed: info.missed,
        cookie,
      };
    case 'uprobe':
    case 'uretprobe':
      return {
        retprobe: info.event === 'uretprobe',
        file: info.path,
        offset: info.offset,
        cookie,
        ref_ctr_offset: info.refCtrOffset,
      };
    case 'tracepoint':
      return { tracepoint: info.name, cookie };
    case 'event':
      return { event_type: info.perfType, event_config: info.config, cookie };
    default:
      return {};
  }
}

/** The interface's name is that in this process's network namespace, whatever the link's. */
function device(ifindex: number): LinkRecord {
  return { devname: ifindex ? (interfaceName(ifindex) ?? '(unknown)') : '(detached)', ifindex };
}

function interfaceName(ifindex: number): string | undefined {
  try {
    return readdirSync('/sys/class/net').find(
      name => Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')) === ifindex,
    );
  } catch {
    return undefined;
  }
}

function defined(record: LinkRecord): LinkRecord {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
