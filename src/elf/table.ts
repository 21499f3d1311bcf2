import { FormatError } from '../errors/index.js';
import type { ElfSection } from './types.js';

/** Number of `size`-byte entries in a table section. Throws FormatError unless it consists of whole ones. */
export function entryCount(table: ElfSection, size: number, file: string): number {
  const place = { file, section: table.name };
  if (table.entsize !== size)
    throw new FormatError(`entries of ${table.entsize} bytes, not ${size}`, {
      ...place,
      field: 'sh_entsize',
    });
  if (table.data.length % size !== 0)
    throw new FormatError(`${table.data.length} bytes are not a whole number of ${size}-byte entries`, {
      ...place,
      field: 'sh_size',
    });
  return table.data.length / size;
}

/** The section that `sh_link` names. Throws FormatError unless it exists and has the type. */
export function linked(
  table: ElfSection,
  sections: readonly ElfSection[],
  type: number,
  typeName: string,
  file: string,
): ElfSection {
  const place = { file, section: table.name, field: 'sh_link' };
  const found = sections[table.link];
  if (!found)
    throw new FormatError(`section ${table.link} does not exist, there are only ${sections.length}`, place);
  if (found.type !== type)
    throw new FormatError(
      `section ${table.link} (${found.name || 'no name'}) has type ${found.type}, not ${typeName}`,
      place,
    );
  return found;
}
