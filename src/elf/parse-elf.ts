import { FormatError } from '../errors/index.js';
import { ET_REL, SHT_SYMTAB } from './constants.js';
import { readHeader } from './header.js';
import {
  checkRelocations,
  decodeRelocations,
  isRelocationTable,
  type RelocationTable,
} from './relocations.js';
import { readSections } from './sections.js';
import { readSymbols } from './symbols.js';
import type { ElfFile, ElfRelocation, ElfSection } from './types.js';

/**
 * Parses a 64-bit ELF file of either byte order and any machine; {@link requireBpf} tells whether it is a BPF object.
 *
 * Section data are views of `bytes`, which must not change while the result is used. Relocations are those of relocatable files
 * (ET_REL): a linked executable's apply to addresses, not to sections.
 *
 * Throws FormatError, naming the section, offset and field, for anything that is not such a file or is damaged.
 */
export function parseElf(input: Uint8Array, file = '(bytes)'): ElfFile {
  // Node's Buffer has a slice() that does not copy: sections are views of plain bytes.
  const bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  const header = readHeader(bytes, file);
  const { endian, type, machine, flags } = header;
  const sections = readSections(bytes, header, file);

  const [symtab, second] = sections.filter(section => section.type === SHT_SYMTAB);
  if (second)
    throw new FormatError('a second symbol table, where a file may have one', { file, section: second.name });
  const symbols = symtab ? readSymbols(symtab, sections, header, file) : [];

  const tables: RelocationTable[] =
    type === ET_REL
      ? sections
          .filter(isRelocationTable)
          .map(s => checkRelocations(s, sections, symbols.length, endian, file))
      : [];
  const tablesOf = new Map<ElfSection, RelocationTable[]>();
  for (const table of tables) tablesOf.set(table.target, [...(tablesOf.get(table.target) ?? []), table]);
  const decoded = new Map<ElfSection, readonly ElfRelocation[]>();

  return {
    file,
    endian,
    type,
    machine,
    flags,
    sections,
    symbols,
    section: name => sections.find(section => section.name === name),
    relocations(section) {
      let list = decoded.get(section);
      if (!list) {
        list = (tablesOf.get(section) ?? []).flatMap(t => decodeRelocations(t, symbols, endian));
        decoded.set(section, list);
      }
      return list;
    },
  };
}
