import {
  type ElfSection,
  SHT_NOBITS,
  SHT_NULL,
  SHT_PROGBITS,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
} from '../../elf/index.js';
import { FormatError } from '../../errors/index.js';

/** Addresses that clang says matter; nothing that loads BPF reads them. */
const SHT_LLVM_ADDRSIG = 0x6fff4c03;

/**
 * True for a section whose bytes go into the output: code and data. Symbols, strings, relocations and BTF are made anew; DWARF, whose
 * offsets would all have to change, and an empty `.text` are left out, as libbpf does. Throws FormatError for a type that no BPF object has.
 */
export function isKept({ name, type, size, addralign, index }: ElfSection, file: string): boolean {
  const place = { file, section: name || `section ${index}` };
  if (isDebug(name) || name === '.BTF' || name === '.BTF.ext') return false;
  switch (type) {
    case SHT_NULL:
    case SHT_STRTAB:
    case SHT_SYMTAB:
    case SHT_REL:
    case SHT_LLVM_ADDRSIG:
      return false;
    case SHT_PROGBITS:
    case SHT_NOBITS:
      break;
    default:
      throw new FormatError(`a section of type ${type}, which cannot be linked`, {
        ...place,
        field: 'sh_type',
      });
  }
  if (name === '') throw new FormatError('a section to link has no name', place);
  if (addralign & (addralign - 1) || addralign > 0x1000000)
    throw new FormatError(`an alignment of ${addralign}, not a power of two up to 16 MiB`, {
      ...place,
      field: 'sh_addralign',
    });
  return size > 0 || name !== '.text';
}

function isDebug(name: string): boolean {
  return /^(\.rela?)?\.debug_/.test(name);
}
