import { eventWords, type LinkInfo } from '../programs/index.js';
import { cgroupOrder, deviceName, type LinkFacts } from './link-record.js';
import { netfilterNames } from './netfilter-names.js';

/** A link in lines such as those of `bpftool link show`: its id, type and program, and below what it is attached to. */
export function linkText(facts: LinkFacts): string {
  const { info, pinned, holders } = facts;
  const { id, type, typeName, progId } = info;
  const runs = info.typeName === 'struct_ops' ? `map ${info.mapId ?? 0}` : `prog ${progId}`;
  const [first = '', ...more] = details(facts);
  const head = `${id}: ${typeName.startsWith('unknown') ? `type ${type}` : typeName}  ${runs}`;
  const lines = [
    // bpftool has what an iterator goes over in its first line.
    ...(info.typeName === 'iter' ? [`${head}  ${first}`] : [head, first].filter(Boolean)),
    ...more,
    ...(pinned ?? []).map(path => `pinned ${path}`),
  ];
  if (holders && info.typeName === 'perf_event' && info.cookie !== undefined)
    lines.push(`bpf_cookie ${info.cookie}`);
  if (holders) lines.push(`pids ${holders.map(({ pid, comm }) => `${comm}(${pid})`).join(', ')}`);
  return lines.join('\n\t');
}

/** Each element a line. */
function details({ info, progType, symbols }: LinkFacts): string[] {
  switch (info.typeName) {
    case 'raw_tracepoint':
      return [words(`tp '${info.name}'`, unlessZero('cookie', info.cookie))];
    case 'tracing':
      return [
        words(progType === undefined ? '' : `prog_type ${progType}`, attachType(info)),
        info.targetObjectId || info.targetBtfId
          ? `target_obj_id ${info.targetObjectId ?? 0}  target_btf_id ${info.targetBtfId ?? 0}`
          : '',
        unlessZero('cookie', info.cookie),
      ].filter(Boolean);
    case 'cgroup':
      return [words(`cgroup_id ${info.cgroupId}`, attachType(info))];
    case 'iter':
      return [iterator(info)];
    case 'netns':
      return [words(`netns_ino ${info.netnsIno}`, attachType(info))];
    case 'netfilter':
      return [netfilter(info)];
    case 'xdp':
      return [device(info.ifindex)];
    case 'tcx':
    case 'netkit':
      return [words(device(info.ifindex), attachType(info))];
    case 'sockmap':
      return [words(`map_id ${info.mapId}`, attachType(info))];
    case 'kprobe_multi':
      return kprobes(info, symbols);
    case 'uprobe_multi':
      return uprobes(info);
    case 'perf_event':
      return [event(info)].filter(Boolean);
    default:
      return [];
  }
}

const words = (...texts: string[]): string => texts.filter(Boolean).join('  ');

function unlessZero(name: string, value: bigint | number | undefined): string {
  return value ? `${name} ${value}` : '';
}

function attachType(info: {
  readonly attachType: number | undefined;
  readonly attachTypeName: string | undefined;
}): string {
  return info.attachType === undefined ? '' : `attach_type ${info.attachTypeName ?? info.attachType}`;
}

function device(ifindex: number): string {
  const name = deviceName(ifindex);
  return `ifindex ${name.startsWith('(') ? name : `${name}(${ifindex})`}`;
}

function iterator(info: Extract<LinkInfo, { typeName: 'iter' }>): string {
  return words(
    `target_name ${info.target}`,
    info.mapId === undefined ? '' : `map_id ${info.mapId}`,
    unlessZero('tid', info.tid),
    unlessZero('pid', info.pid),
    info.cgroupId === undefined ? '' : `cgroup_id ${info.cgroupId}`,
    info.order === undefined ? '' : `order ${cgroupOrder(info.order)}`,
  );
}

function netfilter({ pf, hooknum, priority, flags }: Extract<LinkInfo, { typeName: 'netfilter' }>): string {
  const { family, hook } = netfilterNames(pf, hooknum);
  return `${family ?? `pf: ${pf}`}${hook === undefined ? `, hook ${hooknum},` : ` ${hook}`} prio ${priority}${flags ? ` flags 0x${flags.toString(16)}` : ''}`;
}

function kprobes(
  { retprobe, functions, missed }: Extract<LinkInfo, { typeName: 'kprobe_multi' }>,
  symbols: LinkFacts['symbols'],
): string[] {
  if (!functions?.length) return [];
  return [
    words(
      `${retprobe ? 'kretprobe' : 'kprobe'}.multi`,
      `func_cnt ${functions.length}`,
      unlessZero('missed', missed),
    ),
    `${'addr'.padEnd(16)} ${'cookie'.padEnd(16)} func [module]`,
    ...functions.map(({ address, cookie = 0n }) => {
      const { name = '', module } = symbols.get(address) ?? {};
      return `${address.toString(16).padStart(16, '0')} ${cookie.toString(16).padEnd(16)} ${name}${module ? ` [${module}]` : ''}`;
    }),
  ];
}

function uprobes({ retprobe, path, places, pid }: Extract<LinkInfo, { typeName: 'uprobe_multi' }>): string[] {
  if (!places?.length) return [];
  const column = (value: bigint): string => `0x${value.toString(16).padEnd(16)}`;
  return [
    words(
      `${retprobe ? 'uretprobe' : 'uprobe'}.multi`,
      `path ${path ?? ''}`,
      `func_cnt ${places.length}`,
      unlessZero('pid', pid),
    ),
    `${'offset'.padEnd(16)}   ${'ref_ctr_offset'.padEnd(16)}   cookies`,
    ...places.map(({ offset, refCtrOffset, cookie }) =>
      [offset, refCtrOffset, cookie].map(column).join(' ').trimEnd(),
    ),
  ];
}

function event(info: Extract<LinkInfo, { typeName: 'perf_event' }>): string {
  const cookie = unlessZero('cookie', info.cookie);
  switch (info.event) {
    case 'kprobe':
    case 'kretprobe': {
      if (info.symbol === '' && !info.address) return '';
      const address = info.address ? `${info.address.toString(16)} ` : '';
      const offset = info.offset ? `+0x${info.offset.toString(16)}` : '';
      return words(
        `${info.event} ${address}${info.symbol}${offset}`,
        unlessZero('missed', info.missed),
        cookie,
      );
    }
    case 'uprobe':
    case 'uretprobe': {
      const counter = info.refCtrOffset ? `ref_ctr_offset 0x${info.refCtrOffset.toString(16)}` : '';
      return words(
        `${info.event} ${info.path}+${info.offset ? '0x' : ''}${info.offset.toString(16)}`,
        cookie,
        counter,
      );
    }
    case 'tracepoint':
      return words(`tracepoint ${info.name}`, cookie);
    case 'event': {
      const { type, config } = eventWords({ type: info.perfType, config: info.config });
      return words(`event ${type}${typeof type === 'number' ? ' ' : ''}:${config}`, cookie);
    }
    default:
      return '';
  }
}
