import type { Holder } from '../kernel/index.js';
import type { ProgramInfo } from '../programs/index.js';
import { interfaceName } from './interface-name.js';
import { json } from './output.js';

/** What `prog show` tells of a program. */
export interface ProgramFacts {
  readonly info: ProgramInfo;
  /** The whole name. */
  readonly name: string;
  /** Where it is pinned; undefined when that was not asked for. */
  readonly pinned: readonly string[] | undefined;
  /** The processes that hold it; undefined when none does. */
  readonly holders: readonly Holder[] | undefined;
  /** The constants that its author named bpf_metadata_…; undefined when there are none. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}

/** A program's fields by bpftool's names, in its order; what is not known is undefined. */
export function programRecord(facts: ProgramFacts): Readonly<Record<string, unknown>> {
  const { info, pinned, holders, metadata } = facts;
  return {
    ...programHeader(facts),
    dev: info.ifindex ? deviceOf(info) : undefined,
    loaded_at: Math.floor(info.loadedAt.getTime() / 1000),
    uid: info.createdByUid,
    // The kernel does not tell of a program whose device went away.
    orphaned: false,
    bytes_xlated: info.xlatedBytes,
    jited: info.jitedBytes > 0,
    bytes_jited: info.jitedBytes || undefined,
    bytes_memlock: info.memlock,
    map_ids: info.mapIds.length > 0 ? info.mapIds : undefined,
    btf_id: info.btfId || undefined,
    pinned,
    pids: holders?.map(({ pid, comm }) => ({ pid, comm })),
    metadata,
  };
}

/** What a program is called by, as the beginning of its record. */
export function programHeader({ info, name }: Pick<ProgramFacts, 'info' | 'name'>): Record<string, unknown> {
  return {
    id: info.id,
    type: info.typeName.startsWith('unknown') ? info.type : info.typeName,
    name: name || undefined,
    tag: info.tag,
    gpl_compatible: info.gplCompatible,
    ...(info.runTimeNs ? { run_time_ns: info.runTimeNs, run_cnt: info.runCount } : {}),
    recursion_misses: info.recursionMisses || undefined,
  };
}

function deviceOf({ ifindex, netnsDev, netnsIno }: ProgramInfo): Record<string, unknown> {
  return { ifindex, ns_dev: netnsDev, ns_inode: netnsIno, ifname: interfaceName(ifindex) };
}

/** A program in lines such as those of `bpftool prog show`. */
export function programText(facts: ProgramFacts): string {
  const { info, pinned, holders, metadata } = facts;
  const jited = info.jitedBytes ? `jited ${info.jitedBytes}B` : 'not jited';
  const memlock = info.memlock === undefined ? '' : `  memlock ${info.memlock}B`;
  const maps = info.mapIds.length > 0 ? `  map_ids ${info.mapIds.join(',')}` : '';
  const lines = [
    headerText(facts),
    `loaded_at ${localTime(info.loadedAt)}  uid ${info.createdByUid}`,
    `xlated ${info.xlatedBytes}B  ${jited}${memlock}${maps}`,
    ...(pinned ?? []).map(path => `pinned ${path}`),
  ];
  if (info.btfId) lines.push(`btf_id ${info.btfId}`);
  if (holders) lines.push(`pids ${holders.map(({ pid, comm }) => `${comm}(${pid})`).join(', ')}`);
  if (metadata) lines.push('metadata:');
  for (const [name, value] of Object.entries(metadata ?? {})) lines.push(`\t${name} = ${json(value)}`);
  return lines.join('\n\t');
}

/** The first of those lines. */
export function headerText({ info, name }: Pick<ProgramFacts, 'info' | 'name'>): string {
  const named = name ? `name ${name}  ` : '';
  const device = info.ifindex
    ? `  offloaded_to ${interfaceName(info.ifindex) ?? `ifindex ${info.ifindex}`}`
    : '';
  const run = info.runTimeNs ? ` run_time_ns ${info.runTimeNs} run_cnt ${info.runCount}` : '';
  const misses = info.recursionMisses ? ` recursion_misses ${info.recursionMisses}` : '';
  return `${info.id}: ${info.typeName}  ${named}tag ${info.tag}${device}${info.gplCompatible ? '  gpl' : ''}${run}${misses}`;
}

/** `2026-11-21T14:33:24+0000` */
function localTime(date: Date): string {
  const two = (number: number): string => String(Math.floor(number)).padStart(2, '0');
  const east = -date.getTimezoneOffset();
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${day}T${time}${east < 0 ? '-' : '+'}${two(Math.abs(east) / 60)}${two(Math.abs(east) % 60)}`;
}
