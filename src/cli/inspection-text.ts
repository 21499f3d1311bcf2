import type { Inspection } from '../object/index.js';
import { heading, json } from './output.js';
import { table } from './table.js';

/** An object as `inspect` prints it for people. `types` is how many there are in its BTF. */
export function inspectionText(found: Inspection, types: number | undefined): string {
  const btf = types === undefined ? 'no BTF' : `BTF of ${types} types`;
  return [
    `${heading(found.file)}: ${found.endian}-endian, license ${found.license || 'none'}, ${btf}`,
    programs(found),
    part(
      'Functions',
      ['name', 'linkage', 'insns'],
      found.subprogs.map(f => [f.name, f.linkage, f.insns]),
    ),
    maps(found),
    part(
      'Globals',
      ['name', 'type', 'section', 'size', 'value'],
      found.globals.map(g => [g.name, g.type, g.section, g.size, 'value' in g ? json(g.value) : '…']),
    ),
    part(
      'Externs',
      ['name', 'kind', ''],
      found.externs.map(e => [e.name, e.kind, e.weak ? 'weak' : '']),
    ),
    part(
      'CO-RE relocations',
      ['function', 'place', 'kind', 'type', 'access'],
      found.coreRelocations.map(r => [r.program, `${r.section}+${r.insnOffset}`, r.kind, r.type, r.access]),
    ),
    found.warnings.map(text => `warning: ${text}`).join('\n'),
  ]
    .filter(text => text !== '')
    .join('\n\n');
}

function programs(found: Inspection): string {
  return part(
    'Programs',
    ['name', 'type', 'section', 'insns', 'with functions'],
    found.programs.map(p => [p.name, p.type ?? 'unknown', p.section, p.insns, p.linkedInsns]),
  );
}

function maps(found: Inspection): string {
  return part(
    'Maps',
    ['name', 'type', 'key', 'value', 'max_entries', 'flags', ''],
    found.maps.map(m => [
      m.name,
      m.type,
      m.keySize,
      m.valueSize,
      m.maxEntries,
      `0x${m.flags.toString(16)}`,
      m.pinning === 'none' ? '' : 'pinned by name',
    ]),
  );
}

function part(
  name: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  return rows.length === 0 ? '' : `${heading(name)}\n${table(head, rows)}`;
}
