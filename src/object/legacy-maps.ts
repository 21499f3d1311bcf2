import type { ElfFile, ElfSection, ElfSymbol } from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import type { MapSpec } from './types.js';

/** `struct bpf_map_def`: type, key_size, value_size, max_entries, map_flags; loaders before libbpf 1.0 added fields behind these. */
const defSize = 20;

/** True for a section of legacy map definitions. */
export function isLegacyMaps({ name }: Pick<ElfSection, 'name'>): boolean {
  return name === 'maps' || name.startsWith('maps/');
}

/**
 * The maps of sections `maps` and `maps/…`: `struct bpf_map_def` variables, told apart by their symbols, as loaders read them before BTF-defined maps
 * (libbpf 0.x: bpf_object__init_user_maps). libbpf refuses them since 1.0. Throws FormatError for a definition with bytes set behind those
 * that are known: they ask for something that would not be done.
 */
export function readLegacyMaps(elf: ElfFile): MapSpec[] {
  return elf.sections.filter(isLegacyMaps).flatMap(section => {
    const symbols = elf.symbols
      .filter(s => s.section === section && (s.type === 'object' || s.type === 'notype') && s.name !== '')
      .sort((a, b) => a.value - b.value);
    return symbols.map((symbol, index) => {
      const end = symbols[index + 1]?.value ?? section.data.length;
      return readDef(elf, section, symbol, symbol.size || end - symbol.value);
    });
  });
}

function readDef(elf: ElfFile, section: ElfSection, symbol: ElfSymbol, size: number): MapSpec {
  const place = { file: elf.file, section: section.name, offset: symbol.value, field: `map ${symbol.name}` };
  if (size < defSize || symbol.value + size > section.data.length)
    throw new FormatError(`${size} bytes are no struct bpf_map_def, which has at least ${defSize}`, place);
  const rest = section.data.subarray(symbol.value + defSize, symbol.value + size);
  if (rest.some(byte => byte !== 0))
    throw new FormatError(
      'fields behind map_flags are set, and what they mean differs by loader: rewrite it as a BTF-defined map in SEC(".maps")',
      place,
    );
  const view = new DataView(section.data.buffer, section.data.byteOffset + symbol.value, defSize);
  const word = (index: number) => view.getUint32(index * 4, elf.endian === 'little');
  return {
    name: symbol.name,
    kernelName: symbol.name.slice(0, 15),
    type: word(0),
    keySize: word(1),
    valueSize: word(2),
    maxEntries: word(3),
    flags: word(4),
    mapExtra: 0n,
    numaNode: undefined,
    pinning: 'none',
    keyTypeId: 0,
    valueTypeId: 0,
    internal: undefined,
    values: [],
    inner: undefined,
    autocreate: true,
    structOps: undefined,
  };
}
