import { BpfCmd } from '../../abi/index.js';
import { bpf, liveSys, OwnedFd, type Sys } from '../../syscall/index.js';
import { type ObjectSource, openObject } from '../open-object.js';
import { readProgramInfo } from '../program-info.js';
import { readLinkInfo } from './info/link-info.js';
import type { LinkInfo } from './info/link-info-types.js';
import { Link, type LinkKind } from './link.js';

export interface OpenLinkOptions {
  readonly sys?: Sys;
}

/**
 * Opens a BPF link that is there already: by its id (Linux 5.8, CAP_SYS_ADMIN), where it is pinned (5.7), or by an fd, which from then on is the
 * link's to close. `openLink({ path: '/sys/fs/bpf/guard' }).update(program)` replaces the program that runs there.
 *
 * Closing it detaches the program only when nothing else holds the link. Throws BpfError when the kernel refuses, OpenError for what is no link.
 */
export function openLink(source: ObjectSource, { sys = liveSys() }: OpenLinkOptions = {}): Link {
  return openObject(sys, 'link', source, (fd, what) => {
    const info = readLinkInfo(sys, fd, what);
    const names = { kind: kindOf(info), program: programName(sys, info.progId), target: targetOf(info) };
    const link = new OwnedFd(sys, fd);
    return new Link({ sys, ...names, holders: [link], link });
  });
}

/** Only for messages, so that a program that may not be opened is no obstacle. */
function programName(sys: Sys, id: number): string {
  const unnamed = `of id ${id}`;
  if (id === 0) return 'of struct_ops';
  const fd = bpf(sys, BpfCmd.BPF_PROG_GET_FD_BY_ID, { prog_id: id });
  if (fd < 0) return unnamed;
  using program = new OwnedFd(sys, fd);
  return readProgramInfo(sys, program.value, `program ${unnamed}`).name || unnamed;
}

function kindOf(info: LinkInfo): LinkKind {
  switch (info.typeName) {
    case 'perf_event':
      if (info.event === 'tracepoint') return 'tracepoint';
      return info.event?.includes('probe')
        ? (info.event.replace('ret', '') as 'kprobe' | 'uprobe')
        : 'perf_event';
    case 'tracing':
      // The kernel gives the links of extensions this type, and no attach type.
      return info.attachType === 0 ? 'freplace' : 'tracing';
    case 'tracing_multi':
      return 'tracing';
    case 'raw_tracepoint':
    case 'cgroup':
    case 'iter':
    case 'netns':
    case 'xdp':
    case 'tcx':
    case 'netkit':
    case 'struct_ops':
    case 'netfilter':
    case 'sockmap':
    case 'kprobe_multi':
    case 'uprobe_multi':
      return info.typeName;
    default:
      return 'unknown';
  }
}

/** What the link is at, for messages. */
function targetOf(info: LinkInfo): string {
  switch (info.typeName) {
    case 'raw_tracepoint':
      return info.name;
    case 'tracing':
      return `type ${info.targetBtfId ?? '?'} of object ${info.targetObjectId ?? '?'}`;
    case 'cgroup':
      return `cgroup ${info.cgroupId}`;
    case 'iter':
      return info.target;
    case 'netns':
      return `network namespace ${info.netnsIno}`;
    case 'xdp':
    case 'tcx':
    case 'netkit':
      return `interface ${info.ifindex}`;
    case 'struct_ops':
    case 'sockmap':
      return `map ${info.mapId ?? '?'}`;
    case 'netfilter':
      return `hook ${info.hooknum} of family ${info.pf}`;
    case 'kprobe_multi':
      return `${info.functions?.length ?? 'several'} functions`;
    case 'uprobe_multi':
      return info.path ?? 'several functions';
    case 'perf_event':
      return eventOf(info);
    default:
      return info.typeName;
  }
}

function eventOf(info: Extract<LinkInfo, { typeName: 'perf_event' }>): string {
  switch (info.event) {
    case 'uprobe':
    case 'uretprobe':
      return `${info.path}+${info.offset}`;
    case 'kprobe':
    case 'kretprobe':
      return `${info.symbol || info.address}+${info.offset}`;
    case 'tracepoint':
      return info.name;
    case 'event':
      return `type ${info.perfType}, config ${info.config}`;
    default:
      return 'a perf event';
  }
}
