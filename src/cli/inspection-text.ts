import type { ObjectSpec } from '../object/index.js';
import { mapTypeName, progTypeName } from './kind-names.js';
import { heading, json } from './output.js';
import { coreRelocations, globalValues } from './spec-facts.js';
import { table } from './table.js';

/** The object as `inspect` prints it for people. */
export function inspectionText(spec: ObjectSpec): string {
  const types = spec.btf ? `BTF of ${spec.btf.endId - spec.btf.startId} types` : 'no BTF';
  return [
    `${heading(spec.file)}: ${spec.endian}-endian, license ${spec.license || 'none'}, ${types}`,
    programs(spec),
    part(
      'Functions',
      ['name', 'linkage', 'insns'],
      spec.subprogs.map(f => [f.name, f.linkage, f.insns.length / 8]),
    ),
    maps(spec),
    globals(spec),
    part(
      'Externs',
      ['name', 'kind', 'weak'],
      spec.externs.map(e => [e.name, e.kind, e.weak ? 'weak' : '']),
    ),
    part(
      'CO-RE relocations',
      ['function', 'insn', 'kind', 'type', 'access'],
      coreRelocations(spec).map(r => [r.function, r.insn, r.kind, r.type, r.access]),
    ),
    spec.warnings.map(text => `warning: ${text}`).join('\n'),
  ]
    .filter(text => text !== '')
    .join('\n\n');
}

function programs(spec: ObjectSpec): string {
  return part(
    'Programs',
    ['name', 'type', 'section', 'insns'],
    spec.programs.map(p => [
      p.name,
      p.type === undefined ? 'unknown' : progTypeName(p.type),
      p.section,
      p.insns.length / 8,
    ]),
  );
}

function maps(spec: ObjectSpec): string {
  return part(
    'Maps',
    ['name', 'type', 'key', 'value', 'max_entries', 'flags'],
    spec.maps.map(m => [
      m.name,
      mapTypeName(m.type),
      m.keySize,
      m.valueSize,
      m.maxEntries,
      `0x${m.flags.toString(16)}${m.pinning === 'none' ? '' : ' pinned by name'}`,
    ]),
  );
}

function globals(spec: ObjectSpec): string {
  return part(
    'Globals',
    ['name', 'type', 'section', 'size', 'value'],
    globalValues(spec).map(g => [g.name, g.type, g.section, g.size, json(g.value)]),
  );
}

function part(
  name: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  return rows.length === 0 ? '' : `${heading(name)}\n${table(head, rows)}`;
}
