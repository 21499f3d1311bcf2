import { type Holder, holders, pinnedPaths } from '../../../kernel/index.js';
import type { MapInfo } from '../../../maps/index.js';
import { progTypeName } from '../../../object/index.js';

/** A map's fields by bpftool's names, in its order; what is not known is undefined. */
export type MapRecord = Readonly<Record<string, unknown>>;

/** Who holds maps and where they are pinned, by id. */
export interface MapHolders {
  readonly processes: ReadonlyMap<number, readonly Holder[]>;
  /** Undefined where it was not asked. */
  readonly pins: ReadonlyMap<number, readonly string[]> | undefined;
}

export function mapHolders({ pins }: { readonly pins: boolean }): MapHolders {
  return { processes: holders('map'), pins: pins ? pinnedPaths('map') : undefined };
}

/** What `bpftool -j map show` has of a map. */
export function mapRecord(info: MapInfo, { processes, pins }: MapHolders): MapRecord {
  const pids = processes.get(info.id);
  return {
    ...mapHeader(info),
    dev: info.ifindex ? { ifindex: info.ifindex, ns_dev: info.netnsDev, ns_inode: info.netnsIno } : undefined,
    bytes_key: info.keySize,
    bytes_value: info.valueSize,
    max_entries: info.maxEntries,
    bytes_memlock: info.memlock,
    owner_prog_type: info.ownerProgType === undefined ? undefined : progTypeName(info.ownerProgType),
    owner_jited: info.ownerJited,
    frozen: info.frozen ? 1 : 0,
    btf_id: info.btfId || undefined,
    pinned: pins?.size ? (pins.get(info.id) ?? []) : undefined,
    pids: pids?.map(({ pid, comm }) => ({ pid, comm })),
  };
}

/** What a map is called by, as the beginning of its record. */
export function mapHeader({ id, type, typeName, name, flags }: MapInfo): MapRecord {
  const known = typeName.startsWith('unknown') ? type : typeName;
  return { id, type: known, name: name || undefined, flags };
}

/** The same in lines. */
export function mapText(info: MapInfo, { processes, pins }: MapHolders): string {
  const lines = [
    headerText(info),
    `key ${info.keySize}B  value ${info.valueSize}B  max_entries ${info.maxEntries}${info.memlock === undefined ? '' : `  memlock ${info.memlock}B`}`,
  ];
  const owner = [
    info.ownerProgType === undefined ? '' : `owner_prog_type ${progTypeName(info.ownerProgType)}`,
    info.ownerJited === undefined ? '' : `owner${info.ownerJited ? '' : ' not'} jited`,
  ].filter(Boolean);
  if (owner.length > 0) lines.push(owner.join('  '));
  for (const path of pins?.get(info.id) ?? []) lines.push(`pinned ${path}`);
  const btf = [info.btfId ? `btf_id ${info.btfId}` : '', info.frozen ? 'frozen' : ''].filter(Boolean);
  if (btf.length > 0) lines.push(btf.join('  '));
  const pids = processes.get(info.id);
  if (pids) lines.push(`pids ${pids.map(({ pid, comm }) => `${comm}(${pid})`).join(', ')}`);
  return lines.join('\n\t');
}

/** The first of those lines. */
export function headerText({ id, typeName, name, flags, flagNames }: MapInfo): string {
  const flagged = flags ? ` (${flagNames.join(', ')})` : '';
  return `${id}: ${typeName}  ${name ? `name ${name}  ` : ''}flags 0x${flags.toString(16)}${flagged}`;
}
