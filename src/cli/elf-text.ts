import type { ElfSummary } from './elf-summary.js';
import { heading } from './output.js';
import { table } from './table.js';

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
        hex(s.type),
        hex(s.offset),
        hex(s.size),
        s.entsize,
        hex(s.flags),
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
