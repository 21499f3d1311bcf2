import type { LinkInfo } from '../programs/index.js';
import { type LinkRecord, linkRecord } from './link-record.js';

/** A link in lines such as those of `bpftool link show`: its id, type and program, and below what it is attached to. */
export function linkText(info: LinkInfo): string {
  const { id, type, prog_id, funcs, ...rest } = linkRecord(info);
  const holder = info.typeName === 'struct_ops' ? '' : `  prog ${prog_id}`;
  const details = Object.entries(rest).filter(([name, value]) => !(unsaidAtZero.has(name) && isZero(value)));
  const lines = [
    `${id}: ${typeof type === 'number' ? `type ${type}` : type}${holder}`,
    details.map(([name, value]) => `${name} ${value}`).join('  '),
    ...((funcs ?? []) as readonly LinkRecord[]).map(place),
  ];
  return lines.filter(Boolean).join('\n\t');
}

const unsaidAtZero = new Set(['cookie', 'missed', 'ref_ctr_offset', 'pid', 'target_obj_id', 'target_btf_id']);
const isZero = (value: unknown): boolean => value === 0 || value === 0n;

function place(fields: LinkRecord): string {
  return Object.entries(fields)
    .filter(([name, value]) => !(unsaidAtZero.has(name) && isZero(value)))
    .map(([name, value]) => `${name} 0x${(value as bigint).toString(16)}`)
    .join('  ');
}
