import { FormatError } from '../errors/index.js';
import { SHT_REL, SHT_RELA, SHT_SYMTAB } from './constants.js';
import { entryCount, linked } from './table.js';
import type { ElfRelocation, ElfSection, ElfSymbol, Endian } from './types.js';

const relSize = 16;
const relaSize = 24;

/** One `SHT_REL` or `SHT_RELA` section of a relocatable file, checked; decoded by {@link decodeRelocations}. */
export interface RelocationTable {
  readonly section: ElfSection;
  /** The section that the relocations apply to. */
  readonly target: ElfSection;
}

export function isRelocationTable(section: ElfSection): boolean {
  return section.type === SHT_REL || section.type === SHT_RELA;
}

/** Checks every entry of a relocation section. Throws FormatError for a symbol, section or offset that does not exist. */
export function checkRelocations(
  section: ElfSection,
  sections: readonly ElfSection[],
  symbolCount: number,
  endian: Endian,
  file: string,
): RelocationTable {
  linked(section, sections, SHT_SYMTAB, 'SHT_SYMTAB', file);
  const target = section.info === 0 ? undefined : sections[section.info];
  if (!target)
    throw new FormatError(
      `applies to section ${section.info}, which does not exist (there are ${sections.length})`,
      {
        file,
        section: section.name,
        field: 'sh_info',
      },
    );
  const count = entryCount(section, entrySize(section), file);
  const view = viewOf(section);
  for (let index = 0; index < count; index++) {
    const at = index * entrySize(section);
    const place = { file, section: section.name, offset: at, field: `relocation ${index}` };
    const { symbol } = readInfo(view, at, endian);
    if (symbol >= symbolCount)
      throw new FormatError(`refers to symbol ${symbol}, but there are only ${symbolCount}`, place);
    const offset = view.getBigUint64(at, endian === 'little');
    // No BPF relocation changes less than 4 bytes.
    if (offset + 4n > BigInt(target.data.length))
      throw new FormatError(
        `applies to byte ${offset} of ${target.name}, which has only ${target.data.length} in the file`,
        place,
      );
  }
  return { section, target };
}

/** Decodes a checked table. */
export function decodeRelocations(
  { section }: RelocationTable,
  symbols: readonly ElfSymbol[],
  endian: Endian,
): ElfRelocation[] {
  const le = endian === 'little';
  const size = entrySize(section);
  const view = viewOf(section);
  return Array.from({ length: section.data.length / size }, (_, index) => {
    const at = index * size;
    const { type, symbol } = readInfo(view, at, endian);
    return {
      offset: Number(view.getBigUint64(at, le)),
      type,
      symbol: symbols[symbol] as ElfSymbol,
      addend: section.type === SHT_RELA ? view.getBigInt64(at + 16, le) : undefined,
    };
  });
}

function entrySize(section: ElfSection): number {
  return section.type === SHT_RELA ? relaSize : relSize;
}

function viewOf(section: ElfSection): DataView {
  return new DataView(section.data.buffer, section.data.byteOffset, section.data.byteLength);
}

/** `r_info` is one 64-bit word, symbol in the high half, whatever the byte order. */
function readInfo(view: DataView, at: number, endian: Endian): { type: number; symbol: number } {
  return endian === 'little'
    ? { type: view.getUint32(at + 8, true), symbol: view.getUint32(at + 12, true) }
    : { type: view.getUint32(at + 12, false), symbol: view.getUint32(at + 8, false) };
}
