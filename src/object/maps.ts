import { BpfMapType } from '../abi/index.js';
import type { BtfTypes } from '../btf/index.js';
import type { ElfFile, ElfSection } from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import type { Functions } from './functions.js';
import { type MapDef, parseMapDef } from './map-def.js';
import { isRing, ringSize } from './ring-size.js';
import type { MapSpec } from './types.js';

/** A map of `.maps` and the bytes of its variable there. */
interface Definition {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly def: MapDef;
}

/** The maps of `.maps`, in order of their place there. */
export interface DefinedMaps {
  readonly maps: readonly MapSpec[];
  /** Name of the map whose variable begins at this byte of the section. */
  nameAt(offset: number): string | undefined;
}

/**
 * Reads the BTF-defined maps (libbpf: bpf_object__init_user_btf_maps). Throws FormatError naming the map, or saying that the object
 * was compiled without BTF.
 */
export function readDefinedMaps(elf: ElfFile, btf: BtfTypes | undefined, functions: Functions): DefinedMaps {
  const section = elf.section('.maps');
  if (!section) return { maps: [], nameAt: () => undefined };
  const definitions = readDefinitions(elf, section, btf);
  const values = readValues(elf, section, definitions, functions);
  const names = new Map(definitions.map(d => [d.offset, d.name]));
  return {
    maps: definitions.map(d => mapSpec(d.name, d.def, values.get(d.name) ?? [])),
    nameAt: offset => names.get(offset),
  };
}

function readDefinitions(elf: ElfFile, section: ElfSection, btf: BtfTypes | undefined): Definition[] {
  const place = { file: elf.file, section: section.name };
  if (!btf)
    throw new FormatError(
      'maps are defined here, but the object has no BTF to tell their types: compile with -g',
      place,
    );
  const id = btf.findByName('.maps', 'datasec');
  const datasec = id === undefined ? undefined : btf.type(id);
  if (datasec?.kind !== 'datasec') throw new FormatError('BTF has no DATASEC for this section', place);

  return datasec.vars.map(({ type, offset, size }) => {
    const variable = btf.type(type);
    const field = `map ${variable.name || '(no name)'}`;
    if (variable.kind !== 'var' || variable.name === '')
      throw new FormatError(`a ${variable.kind} stands where a variable belongs`, { ...place, field });
    if (offset + size > section.data.length)
      throw new FormatError(
        `ends at byte ${offset + size}, but the section has only ${section.data.length}`,
        { ...place, offset, field },
      );
    if (variable.linkage !== 'global')
      throw new FormatError(`a map cannot be ${variable.linkage}: remove \`static\``, {
        ...place,
        offset,
        field,
      });
    const struct = btf.resolved(variable.type);
    if (struct.kind !== 'struct')
      throw new FormatError(`a map is defined by a struct, not by ${struct.kind}`, {
        ...place,
        offset,
        field,
      });
    if (struct.size > size)
      throw new FormatError(`its struct has ${struct.size} bytes, its variable ${size}`, {
        ...place,
        offset,
        field,
      });
    const def = parseMapDef(btf, struct, { file: elf.file, map: variable.name });
    return { name: variable.name, offset, size, def };
  });
}

type Values = MapSpec['values'];

/** The initial values of maps of maps and prog arrays: relocations of `.maps` (libbpf: bpf_object__collect_map_relos). */
function readValues(
  elf: ElfFile,
  section: ElfSection,
  definitions: readonly Definition[],
  functions: Functions,
): Map<string, Values> {
  const slots = new Map<string, Map<number, string>>();
  for (const { offset, symbol } of elf.relocations(section)) {
    const { name } = symbol;
    const bad = (reason: string) =>
      new FormatError(reason, {
        file: elf.file,
        section: section.name,
        offset,
        field: `value ${name || '(no name)'}`,
      });
    const map = definitions.find(d => d.offset <= offset && offset + 8 <= d.offset + d.size);
    if (!map) throw bad('is in no map');
    const { valuesOffset, type } = map.def;
    const at = valuesOffset === undefined ? -1 : offset - map.offset - valuesOffset;
    if (at < 0 || at % 8 !== 0) throw bad(`is not in the values of map ${map.name}`);
    if (type === BpfMapType.BPF_MAP_TYPE_PROG_ARRAY) {
      const program = functions.programs.find(p => p.name === name);
      if (program?.elfSection !== symbol.section || program?.sectionOffset !== symbol.value)
        throw bad('is not a program of the object');
    } else {
      if (!definitions.some(d => d.name === name)) throw bad('is not a map of .maps');
      if (type === BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS && map.def.keySize !== 4)
        throw bad(`a map of maps with initial values has keys of 4 bytes, not of ${map.def.keySize}`);
    }
    const own = slots.get(map.name) ?? new Map<number, string>();
    own.set(at / 8, name);
    slots.set(map.name, own);
  }
  return new Map(
    [...slots].map(([map, own]) => [
      map,
      [...own].sort(([a], [b]) => a - b).map(([index, ref]) => ({ index, ref })),
    ]),
  );
}

function mapSpec(name: string, def: MapDef, values: Values): MapSpec {
  const { type, keySize, valueSize, maxEntries, flags, mapExtra, numaNode, pinning, keyTypeId, valueTypeId } =
    def;
  return {
    name,
    kernelName: name.slice(0, 15),
    type,
    keySize,
    valueSize,
    // As libbpf has it on machines with the smallest pages; planning for a kernel takes its own.
    maxEntries: isRing(type) ? ringSize(maxEntries, 4096) : maxEntries,
    flags,
    mapExtra,
    numaNode,
    pinning,
    keyTypeId,
    valueTypeId,
    internal: undefined,
    values,
    inner: def.inner && mapSpec(`${name}.inner`, def.inner, []),
    autocreate: true,
    structOps: undefined,
  };
}
