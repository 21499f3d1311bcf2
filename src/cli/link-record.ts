import type { Holder } from '../kernel/index.js';
import { eventWords, type LinkInfo } from '../programs/index.js';
import { interfaceName } from './interface-name.js';

/** What `link show` tells of a link. */
export interface LinkFacts {
  readonly info: LinkInfo;
  /** As bpftool names it: the type of the link's program; undefined where that is not told. */
  readonly progType: string | number | undefined;
  /** Where it is pinned; undefined when that was not asked for. */
  readonly pinned: readonly string[] | undefined;
  /** The processes that hold it; undefined when none does. */
  readonly holders: readonly Holder[] | undefined;
  /** The symbols at the addresses of functions. */
  readonly symbols: ReadonlyMap<bigint, FunctionName>;
}

export interface FunctionName {
  readonly name: string;
  /** Undefined for the kernel itself. */
  readonly module: string | undefined;
}

/** A link's fields by bpftool's names, in its order; what the kernel does not tell is undefined. */
export type LinkRecord = Readonly<Record<string, unknown>>;

/** What `bpftool -j link show` has of a link. */
export function linkRecord(facts: LinkFacts): LinkRecord {
  const { info, pinned, holders } = facts;
  const { id, type, typeName, progId } = info;
  return {
    id,
    type: typeName.startsWith('unknown') ? type : typeName,
    prog_id: progId,
    ...details(facts),
    pinned,
    // bpftool has it from the iterator that finds the processes.
    bpf_cookie: holders && info.typeName === 'perf_event' ? info.cookie : undefined,
    pids: holders?.map(({ pid, comm }) => ({ pid, comm })),
  };
}

function details({ info, progType, symbols }: LinkFacts): LinkRecord {
  switch (info.typeName) {
    case 'raw_tracepoint':
      return { tp_name: info.name, cookie: info.cookie };
    case 'tracing':
      return {
        prog_type: progType,
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
        order: info.order === undefined ? undefined : cgroupOrder(info.order),
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
        funcs: info.functions?.map(({ address, cookie }) => {
          const symbol = symbols.get(address);
          return {
            addr: address,
            func: symbol?.name,
            module: symbol ? (symbol.module ?? null) : undefined,
            cookie,
          };
        }),
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
    case 'event': {
      const { type, config } = eventWords({ type: info.perfType, config: info.config });
      return { event_type: type, event_config: config, cookie };
    }
    default:
      return {};
  }
}

/** `enum bpf_cgroup_iter_order`, in bpftool's words. */
export function cgroupOrder(order: number): string {
  const orders = ['order_unspec', 'self_only', 'descendants_pre', 'descendants_post', 'ancestors_up'];
  return orders[order] ?? 'unknown';
}

function device(ifindex: number): LinkRecord {
  return { devname: deviceName(ifindex), ifindex };
}

/** A link whose device went away has none. */
export function deviceName(ifindex: number): string {
  return ifindex ? (interfaceName(ifindex) ?? '(unknown)') : '(detached)';
}
