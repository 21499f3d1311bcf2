import type { ElfSummary } from './elf-summary.js';
import { heading } from './output.js';
import { table } from './table.js';

/** `SHT_*` without the prefix, those that a relocatable file can have (include/uapi/linux/elf.h and LLVM's own). */
const sectionTypes: Readonly<Record<number, string>> = {
  0: 'NULL',
  1: 'PROGBITS',
  2: 'SYMTAB',
  3: 'STRTAB',
  4: 'RELA',
  7: 'NOTE',
  8: 'NOBITS',
  9: 'REL',
  14: 'INIT_ARRAY',
  15: 'FINI_ARRAY',
  17: 'GROUP',
  18: 'SYMTAB_SHNDX',
  1879002115: 'LLVM_ADDRSIG',
};

/** One letter for each bit of `sh_flags`, as readelf has them. */
const letters: readonly (readonly [bit: number, letter: string])[] = [
  [0x1, 'W'],
  [0x2, 'A'],
  [0x4, 'X'],
  [0x10, 'M'],
  [0x20, 'S'],
  [0x40, 'I'],
  [0x80, 'L'],
  [0x100, 'O'],
  [0x200, 'G'],
  [0x400, 'T'],
  [0x800, 'C'],
  [0x8000_0000, 'E'],
];

function flagLetters(flags: number): string {
  return letters.map(([bit, letter]) => ((flags & bit) !== 0 ? letter : '')).join('');
}

/** Sections, symbols and relocations as `inspect --elf` prints them for people. */
export function elfText({ sections, symbols, relocations }: ElfSummary): string {
  const hex = (value: number): string => `0x${value.toString(16)}`;
  return [
    heading('Sections'),
    table(
      ['nr', 'name', 'type', 'offset', 'size', 'entsize', 'flags', 'link', 'info', 'align'],
      sections.map(s => [
        s.index,
        s.name,
        sectionTypes[s.type] ?? hex(s.type),
        hex(s.offset),
        hex(s.size),
        s.entsize,
        flagLetters(s.flags),
        s.link,
        s.info,
        s.addralign,
      ]),
    ),
    `\n${heading('Symbols')}`,
    table(
      ['nr', 'name', 'value', 'size', 'type', 'bind', 'visibility', 'section'],
      symbols.map(s => [
        s.index,
        s.name,
        hex(s.value),
        s.size,
        s.type,
        s.bind,
        s.visibility,
        s.section ?? '',
      ]),
    ),
    `\n${heading('Relocations')}`,
    table(
      ['section', 'offset', 'type', 'symbol'],
      relocations.map(r => [r.section, hex(r.offset), r.type, r.symbol]),
    ),
  ].join('\n');
}
