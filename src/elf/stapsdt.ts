import { FormatError } from '../errors/index.js';
import { SHT_NOTE } from './constants.js';
import { Fields, type UserElf } from './user-elf.js';

/** A static probe of a program or library: one note of `.note.stapsdt` (systemtap's sys/sdt.h). Addresses are those of the file. */
export interface UsdtNote {
  readonly provider: string;
  readonly name: string;
  /** Where its arguments are, in the words of the assembler: `-4@%edi 8@-16(%rbp)`. */
  readonly args: string;
  /** Of the instruction, a nop. */
  readonly location: number;
  /** Of a 16-bit counter that a tracer raises, which the program may look at to see whether it is traced; 0 when there is none. */
  readonly semaphore: number;
}

const NT_STAPSDT = 3;
const utf8 = new TextDecoder();

/**
 * The static probes of a file. Their addresses are corrected for files that were moved after linking (prelink): by how far the section
 * `.stapsdt.base` is from where the notes say. Throws FormatError for a note that is cut short.
 */
export function readUsdtNotes(elf: UserElf): UsdtNote[] {
  const section = elf.sections.find(({ name, type }) => name === '.note.stapsdt' && type === SHT_NOTE);
  if (!section) return [];
  const base = elf.sections.find(({ name }) => name === '.stapsdt.base')?.addr ?? 0;
  const bytes = elf.read(section);
  const le = elf.endian === 'little';
  const fields = new Fields(bytes, le, elf.bits);
  const notes: UsdtNote[] = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const [namesz, descsz, type] = [fields.u32(at), fields.u32(at + 4), fields.u32(at + 8)];
    const desc = at + 12 + aligned(namesz);
    const next = desc + aligned(descsz);
    const place = { file: elf.file, section: section.name, offset: at };
    if (desc + descsz > bytes.length) throw new FormatError('a note is cut short', place);
    const owner = utf8.decode(bytes.subarray(at + 12, at + 12 + namesz)).replace(/\0.*$/s, '');
    if (owner === 'stapsdt' && type === NT_STAPSDT)
      notes.push(readNote(bytes.subarray(desc, desc + descsz), le, elf.bits, base, place));
    at = next;
  }
  return notes;
}

function readNote(
  desc: Uint8Array,
  le: boolean,
  bits: 32 | 64,
  base: number,
  place: { file: string; section: string; offset: number },
): UsdtNote {
  const width = bits / 8;
  const texts = utf8.decode(desc.subarray(3 * width)).split('\0');
  // Three texts, each with its NUL.
  if (desc.length < 3 * width || texts.length < 4 || !texts[1])
    throw new FormatError('not a note of three addresses, provider, name and arguments', place);
  const fields = new Fields(desc, le, bits);
  const [location, linkedBase, semaphore] = [0, 1, 2].map(i => fields.word(i * width, i * width)) as [
    number,
    number,
    number,
  ];
  const moved = base !== 0 && linkedBase !== 0 ? base - linkedBase : 0;
  const [provider = '', name = '', args = ''] = texts;
  return {
    provider,
    name,
    args: args.startsWith(':') ? '' : args,
    location: location + moved,
    semaphore: semaphore === 0 ? 0 : semaphore + moved,
  };
}

function aligned(size: number): number {
  return Math.ceil(size / 4) * 4;
}
