import { FormatError, type FormatErrorPlace } from '../errors/index.js';
import { EM_BPF, ET_REL, SHN_LORESERVE, SHN_UNDEF, SHN_XINDEX, SHT_STRTAB } from './constants.js';
import type { ElfHeader } from './header.js';
import { StringTable } from './string-table.js';
import { entryCount, linked } from './table.js';
import type { ElfSection, ElfSymbol, ElfSymbolBind, ElfSymbolType, ElfSymbolVisibility } from './types.js';

export const symSize = 24;

export const binds: readonly ElfSymbolBind[] = ['local', 'global', 'weak'];
export const types: readonly ElfSymbolType[] = [
  'notype',
  'object',
  'func',
  'section',
  'file',
  'common',
  'tls',
];
export const visibilities: readonly ElfSymbolVisibility[] = ['default', 'internal', 'hidden', 'protected'];

/** Decodes the symbols of `table` (`SHT_SYMTAB`). Throws FormatError for a name, section or extent that does not exist. */
export function readSymbols(
  table: ElfSection,
  sections: readonly ElfSection[],
  header: ElfHeader,
  file: string,
): ElfSymbol[] {
  const count = entryCount(table, symSize, file);
  if (table.info > count)
    throw new FormatError(`the first global symbol is ${table.info}, but there are only ${count}`, {
      file,
      section: table.name,
      field: 'sh_info',
    });
  const strtab = linked(table, sections, SHT_STRTAB, 'SHT_STRTAB', file);
  const names = new StringTable(strtab.data, strtab.name);
  const le = header.endian === 'little';
  const view = new DataView(table.data.buffer, table.data.byteOffset, table.data.byteLength);

  return Array.from({ length: count }, (_, index) => {
    const at = index * symSize;
    const place: FormatErrorPlace = { file, section: table.name, offset: at, field: `symbol ${index}` };
    const info = view.getUint8(at + 4);
    const shndx = view.getUint16(at + 6, le);
    const section = sectionOf(shndx, sections, place);
    const type = types[info & 0xf] ?? info & 0xf;
    const ownName = names.at(view.getUint32(at, le), place);
    const name = type === 'section' && ownName === '' ? (section?.name ?? '') : ownName;
    const value = Number(view.getBigUint64(at + 8, le));
    const size = Number(view.getBigUint64(at + 16, le));
    // Elsewhere a size may belong to another section than the value (PowerPC64's function descriptors).
    if (header.type === ET_REL && header.machine === EM_BPF && section && value + size > section.size)
      throw new FormatError(
        `${name || 'it'} ends at byte ${value + size} of ${section.name}, which has only ${section.size}`,
        place,
      );
    return {
      index,
      name,
      value,
      size,
      bind: binds[info >> 4] ?? info >> 4,
      type,
      visibility: visibilities[view.getUint8(at + 5) & 3] as ElfSymbolVisibility,
      shndx,
      section,
    };
  });
}

function sectionOf(
  shndx: number,
  sections: readonly ElfSection[],
  place: FormatErrorPlace,
): ElfSection | undefined {
  if (shndx === SHN_XINDEX)
    throw new FormatError('extended section numbering (SHN_XINDEX) is not supported', place);
  if (shndx === SHN_UNDEF || shndx >= SHN_LORESERVE) return undefined;
  const section = sections[shndx];
  if (!section) throw new FormatError(`is in section ${shndx}, but there are only ${sections.length}`, place);
  return section;
}
