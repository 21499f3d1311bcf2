import { type ElfSection, type NewSection, SHF_EXECINSTR, SHT_NOBITS } from '../../elf/index.js';
import { FormatError } from '../../errors/index.js';
import { insnSize } from '../../insn/index.js';
import { ObjectError } from '../object-error.js';
import type { InputSection, LinkInput } from './input.js';

/** A section of the output, made of those of the same name. */
export interface OutputSection extends NewSection {
  readonly addralign: number;
  readonly size: number;
  /** False for one that only BTF has. */
  readonly inElf: boolean;
}

/** Where the bytes of an input section are in the output. */
export interface Placement {
  readonly target: OutputSection;
  readonly offset: number;
}

/** The sections of the output, in order of first appearance, and where those of the inputs went. */
export interface Layout {
  readonly sections: readonly OutputSection[];
  /** Undefined for a section that is not in the output: its contents are another's, or of no use. */
  place(section: InputSection | undefined): Placement | undefined;
}

/** Bytes that alignment may add to an object: a damaged one could ask for gigabytes. */
const mostPadding = 1 << 26;

/** Sections that say one thing of the whole object. */
const saidOnce = new Set(['license', 'version']);

class Section implements OutputSection {
  readonly name: string;
  type = 0;
  flags = 0;
  entsize = 0;
  addralign = 0;
  size = 0;
  inElf = false;
  data: Uint8Array = new Uint8Array(0);
  /** The file that its type and flags are from. */
  file = '';
  readonly #pieces: { readonly offset: number; readonly data: Uint8Array }[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Adds the bytes of an input section; returns their offset. */
  append(elf: ElfSection, file: string): number {
    if (this.inElf) this.#expectSame(elf, file);
    else this.#begin(elf, file);
    this.addralign = Math.max(this.addralign, elf.addralign);
    const align = this.addralign || 1;
    const offset = Math.ceil(this.size / align) * align;
    this.size = offset + elf.size;
    if (this.size > 0xffffffff)
      throw new FormatError('grows larger than the 4 GiB that BTF can describe', { file, section: elf.name });
    this.#pieces.push({ offset, data: elf.data });
    return offset;
  }

  #begin({ type, flags, entsize }: ElfSection, file: string): void {
    this.type = type;
    this.flags = flags;
    this.entsize = entsize;
    this.file = file;
    this.inElf = true;
  }

  /** Copies the bytes together. */
  finish(): void {
    if (this.type === SHT_NOBITS) return;
    this.data = new Uint8Array(this.size);
    for (const { offset, data } of this.#pieces) this.data.set(data, offset);
  }

  hasContents(of: Uint8Array): boolean {
    const [first] = this.#pieces;
    return first?.data.length === of.length && first.data.every((byte, i) => byte === of[i]);
  }

  #expectSame(elf: ElfSection, file: string): void {
    for (const field of ['type', 'flags', 'entsize'] as const)
      if (this[field] !== elf[field])
        throw new ObjectError(
          file,
          `section ${elf.name}`,
          `sh_${field} is 0x${elf[field].toString(16)} here and 0x${this[field].toString(16)} in ${this.file}: sections of one name are joined, so give one of them another name`,
        );
  }
}

/**
 * Joins the sections of one name, each aligned, and keeps one `license` and one `version`. Throws ObjectError, naming both files, for
 * sections of one name that cannot be joined, and FormatError for one that is not what it should be.
 */
export function layOut(inputs: readonly LinkInput[]): Layout {
  const sections = new Map<string, Section>();
  const places = new Map<InputSection, Placement>();
  let padding = 0;
  for (const { file, sections: own } of inputs)
    for (const section of own) {
      const { name, elf } = section;
      const target = sections.get(name) ?? new Section(name);
      sections.set(name, target);
      if (elf && saidOnce.has(name) && target.inElf) {
        if (target.hasContents(elf.data)) continue;
        throw new ObjectError(
          file,
          `section ${name}`,
          `it differs from that of ${target.file}: one object has one ${name}`,
        );
      }
      if (!elf) {
        places.set(section, { target, offset: 0 });
        continue;
      }
      checkCode(elf, file);
      const end = target.size;
      const offset = target.append(elf, file);
      places.set(section, { target, offset });
      if (elf.type !== SHT_NOBITS) padding += offset - end;
      if (padding > mostPadding)
        throw new FormatError(
          `its alignment of ${elf.addralign} makes for more than ${mostPadding} bytes of padding`,
          { file, section: name, field: 'sh_addralign' },
        );
    }
  for (const section of sections.values()) section.finish();
  return { sections: [...sections.values()], place: section => section && places.get(section) };
}

function checkCode({ flags, size, name }: ElfSection, file: string): void {
  if (flags & SHF_EXECINSTR && size % insnSize !== 0)
    throw new FormatError(`${size} bytes are not whole instructions of ${insnSize} bytes`, {
      file,
      section: name,
      field: 'sh_size',
    });
}
