import type { ProgramInfo } from '../programs/index.js';

/** What `bpftool -j prog show` has of a program, but for pins and processes, and the name as the kernel keeps it. */
export function programRecord(info: ProgramInfo): Readonly<Record<string, unknown>> {
  return {
    id: info.id,
    type: info.typeName.startsWith('unknown') ? info.type : info.typeName,
    ...(info.name ? { name: info.name } : {}),
    tag: info.tag,
    gpl_compatible: info.gplCompatible,
    ...(info.runTimeNs ? { run_time_ns: info.runTimeNs, run_cnt: info.runCount } : {}),
    ...(info.recursionMisses ? { recursion_misses: info.recursionMisses } : {}),
    loaded_at: Math.floor(info.loadedAt.getTime() / 1000),
    uid: info.createdByUid,
    bytes_xlated: info.xlatedBytes,
    jited: info.jitedBytes > 0,
    ...(info.jitedBytes ? { bytes_jited: info.jitedBytes } : {}),
    ...(info.memlock === undefined ? {} : { bytes_memlock: info.memlock }),
    ...(info.mapIds.length > 0 ? { map_ids: info.mapIds } : {}),
    ...(info.btfId ? { btf_id: info.btfId } : {}),
  };
}

/** A program in lines such as those of `bpftool prog show`. */
export function programText(info: ProgramInfo): string {
  const run = info.runTimeNs ? ` run_time_ns ${info.runTimeNs} run_cnt ${info.runCount}` : '';
  const misses = info.recursionMisses ? ` recursion_misses ${info.recursionMisses}` : '';
  const jited = info.jitedBytes ? `jited ${info.jitedBytes}B` : 'not jited';
  const memlock = info.memlock === undefined ? '' : `  memlock ${info.memlock}B`;
  const maps = info.mapIds.length > 0 ? `  map_ids ${info.mapIds.join(',')}` : '';
  return [
    `${info.id}: ${info.typeName}  ${info.name ? `name ${info.name}  ` : ''}tag ${info.tag}${info.gplCompatible ? '  gpl' : ''}${run}${misses}`,
    `loaded_at ${localTime(info.loadedAt)}  uid ${info.createdByUid}`,
    `xlated ${info.xlatedBytes}B  ${jited}${memlock}${maps}`,
    ...(info.btfId ? [`btf_id ${info.btfId}`] : []),
  ].join('\n\t');
}

/** `2026-11-21T14:33:24+0000` */
function localTime(date: Date): string {
  const two = (number: number): string => String(Math.floor(number)).padStart(2, '0');
  const east = -date.getTimezoneOffset();
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${day}T${time}${east < 0 ? '-' : '+'}${two(Math.abs(east) / 60)}${two(Math.abs(east) % 60)}`;
}
