import type { BtfTypes } from '../btf/index.js';
import { FormatError } from '../errors/index.js';
import type { GlobalSpec, MapSpec } from './types.js';

/** The variables of the data maps that user space can name: not static, not of hidden visibility. In order of map and place. */
export function readGlobals(maps: readonly MapSpec[], btf: BtfTypes | undefined, file: string): GlobalSpec[] {
  if (!btf) return [];
  const globals: GlobalSpec[] = [];
  for (const map of maps) {
    const datasec = map.internal && map.valueTypeId ? btf.type(map.valueTypeId) : undefined;
    if (!map.internal || datasec?.kind !== 'datasec') continue;
    for (const { type, offset, size } of datasec.vars) {
      const variable = btf.type(type);
      if (variable.kind !== 'var' || variable.linkage === 'static') continue;
      if (offset + size > map.valueSize || btf.sizeOf(variable.type) > size)
        throw new FormatError(`${size} bytes at ${offset} do not fit its type or section`, {
          file,
          section: map.internal.section,
          offset,
          field: `variable ${variable.name}`,
        });
      globals.push({
        name: variable.name,
        map: map.name,
        section: map.internal.section,
        offset,
        size,
        typeId: variable.type,
        readonly: map.internal.kind === 'rodata',
      });
    }
  }
  return globals;
}
