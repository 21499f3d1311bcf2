import {
  type ElfRelocation,
  type ElfSection,
  type NewRelocation,
  type NewSection,
  R_BPF_64_32,
  R_BPF_64_64,
  R_BPF_64_ABS32,
  R_BPF_64_ABS64,
  SHF_EXECINSTR,
  SHT_RELA,
} from '../../elf/index.js';
import { FormatError } from '../../errors/index.js';
import { insnSize } from '../../insn/index.js';
import type { LinkInput } from './input.js';
import type { Layout, OutputSection } from './layout.js';
import type { Symbols } from './symbols.js';

/** Byte offset of `imm` in an instruction. */
const immOffset = 4;

/**
 * The relocations of the output, by section. An addend that counts from the start of a section (of static variables and functions) is
 * changed in the bytes of the output by as much as the section moved. Throws FormatError for one that BPF does not have, or against a
 * symbol that is not in the output.
 */
export function relocate(
  inputs: readonly LinkInput[],
  layout: Layout,
  symbols: Symbols,
): Map<NewSection, readonly NewRelocation[]> {
  const all = new Map<OutputSection, NewRelocation[]>();
  for (const input of inputs)
    for (const section of input.sections) {
      const place = layout.place(section);
      if (!section.elf || !place) continue;
      const list = all.get(place.target) ?? [];
      all.set(place.target, list);
      for (const relocation of input.elf.relocations(section.elf)) {
        checkRelocation(relocation, section.elf, input);
        const symbol = symbols.of(relocation.symbol);
        if (!symbol)
          throw misplaced(
            `against ${relocation.symbol.name || '(no name)'}, which is in no section that is linked`,
            relocation,
            section.elf,
            input,
          );
        const offset = place.offset + relocation.offset;
        list.push({ offset, type: relocation.type, symbol });
        if (relocation.symbol.type === 'section')
          moveAddend(place.target, offset, relocation, movedBy(relocation, input, layout), input);
      }
    }
  return all;
}

function movedBy({ symbol }: ElfRelocation, input: LinkInput, layout: Layout): number {
  return layout.place(symbol.section && input.section(symbol.section))?.offset ?? 0;
}

function moveAddend(
  { data }: OutputSection,
  offset: number,
  { type }: ElfRelocation,
  distance: number,
  { elf }: LinkInput,
): void {
  if (distance === 0) return;
  const le = elf.endian === 'little';
  const view = new DataView(data.buffer);
  const add32 = (at: number, n: number) => view.setUint32(at, (view.getUint32(at, le) + n) >>> 0, le);
  // A call counts instructions, all else bytes.
  if (type === R_BPF_64_32) add32(offset + immOffset, distance / insnSize);
  else if (type === R_BPF_64_64) add32(offset + immOffset, distance);
  else if (type === R_BPF_64_ABS32) add32(offset, distance);
  else view.setBigUint64(offset, BigInt.asUintN(64, view.getBigUint64(offset, le) + BigInt(distance)), le);
}

const known = new Set([R_BPF_64_64, R_BPF_64_32, R_BPF_64_ABS64, R_BPF_64_ABS32]);

function checkRelocation(relocation: ElfRelocation, section: ElfSection, input: LinkInput): void {
  const { type, offset, symbol, addend } = relocation;
  const bad = (reason: string) => misplaced(reason, relocation, section, input);
  if (!known.has(type)) throw bad(`its type is ${type}, which no section of a BPF object has`);
  if (symbol.index === 0) throw bad('is against no symbol');
  if (addend !== undefined)
    throw bad(
      `has an addend of its own (section type ${SHT_RELA}), where BPF keeps it in the bytes relocated`,
    );
  const width = type === R_BPF_64_ABS32 ? 4 : type === R_BPF_64_64 ? 2 * insnSize : 8;
  if (offset + width > section.data.length) throw bad(`its ${width} bytes reach past the end`);
  if (section.flags & SHF_EXECINSTR && offset % insnSize !== 0) throw bad('is inside an instruction');
}

function misplaced(
  reason: string,
  { offset, symbol }: ElfRelocation,
  { name }: ElfSection,
  { file }: LinkInput,
): FormatError {
  return new FormatError(reason, {
    file,
    section: name,
    offset,
    field: `relocation against ${symbol.name || '(no name)'}`,
  });
}
