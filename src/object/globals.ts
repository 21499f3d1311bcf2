import type { BtfTypes } from '../btf/index.js';
import { FormatError } from '../errors/index.js';
import { arenaSection } from './arena.js';
import type { GlobalSpec, MapSpec, ObjectSpec } from './types.js';

/** A section of variables: its map, and how much of the map's memory it takes. */
interface Section {
  readonly map: string;
  readonly section: string;
  readonly size: number;
  readonly datasecId: number | undefined;
  readonly readonly: boolean;
}

/** The variables of the data maps and of the arena that user space can name: not static, not of hidden visibility. In order of map and place. */
export function readGlobals(
  maps: readonly MapSpec[],
  arena: ObjectSpec['arena'],
  btf: BtfTypes | undefined,
  file: string,
): GlobalSpec[] {
  if (!btf) return [];
  return sections(maps, arena, btf).flatMap(section => variables(section, btf, file));
}

function sections(maps: readonly MapSpec[], arena: ObjectSpec['arena'], btf: BtfTypes): Section[] {
  const data = maps.flatMap(({ name, internal, valueSize, valueTypeId }) =>
    internal
      ? [
          {
            map: name,
            section: internal.section,
            size: valueSize,
            datasecId: valueTypeId,
            readonly: internal.kind === 'rodata',
          },
        ]
      : [],
  );
  if (!arena) return data;
  const size = arena.bytes.length;
  const datasecId = btf.findByName(arenaSection, 'datasec');
  return [...data, { map: arena.map, section: arenaSection, size, datasecId, readonly: false }];
}

function variables(
  { map, section, size: room, datasecId, readonly }: Section,
  btf: BtfTypes,
  file: string,
): GlobalSpec[] {
  const datasec = datasecId ? btf.type(datasecId) : undefined;
  if (datasec?.kind !== 'datasec') return [];
  return datasec.vars.flatMap(({ type, offset, size }) => {
    const variable = btf.type(type);
    if (variable.kind !== 'var' || variable.linkage === 'static') return [];
    if (offset + size > room || btf.sizeOf(variable.type) > size)
      throw new FormatError(`${size} bytes at ${offset} do not fit its type or section`, {
        file,
        section,
        offset,
        field: `variable ${variable.name}`,
      });
    return [{ name: variable.name, map, section, offset, size, typeId: variable.type, readonly }];
  });
}
