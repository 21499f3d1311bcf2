import { FormatError } from '../errors/index.js';
import { EM_BPF, ET_REL } from './constants.js';
import type { ElfFile } from './types.js';

const machines: Readonly<Record<number, string>> = {
  2: 'SPARC',
  3: 'x86',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC64',
  22: 's390',
  40: 'ARM',
  43: 'SPARC v9',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
  258: 'LoongArch',
};

const fileTypes: Readonly<Record<number, string>> = {
  1: 'relocatable object',
  2: 'executable',
  3: 'executable or shared library',
  4: 'core dump',
};

/** Throws FormatError, saying what the file is instead, unless it is a relocatable BPF object (`clang -target bpf -c`). */
export function requireBpf(elf: ElfFile): void {
  const kind = fileTypes[elf.type] ?? `ELF file of type ${elf.type}`;
  // The first BPF objects of LLVM had no machine number of their own; libbpf takes them for BPF, too.
  if (elf.machine !== EM_BPF && elf.machine !== 0)
    throw new FormatError(
      `${machines[elf.machine] ?? `machine ${elf.machine}`} ${kind}, not a BPF object: compile with \`clang -g -O2 -target bpf -c\``,
      { file: elf.file, offset: 18, field: 'e_machine' },
    );
  if (elf.type !== ET_REL)
    throw new FormatError(
      `a BPF ${kind}, not a relocatable object: give the output of \`clang -target bpf -c\``,
      {
        file: elf.file,
        offset: 16,
        field: 'e_type',
      },
    );
}
