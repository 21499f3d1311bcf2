/** The ELF numbers that matter to BPF objects (include/uapi/linux/elf.h, elf-em.h; LLVM's BPF relocation types). */

export const EM_BPF = 247;

export const ET_REL = 1;

export const SHN_UNDEF = 0;
export const SHN_LORESERVE = 0xff00;
export const SHN_ABS = 0xfff1;
export const SHN_COMMON = 0xfff2;
/** The real index is too large for its field and stands elsewhere. */
export const SHN_XINDEX = 0xffff;

export const SHT_NULL = 0;
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHT_DYNSYM = 11;
export const SHT_GNU_verdef = 0x6ffffffd;
export const SHT_GNU_versym = 0x6fffffff;

export const SHF_WRITE = 0x1;
export const SHF_ALLOC = 0x2;
export const SHF_EXECINSTR = 0x4;

export const PT_LOAD = 1;
export const PF_X = 0x1;

export const R_BPF_NONE = 0;
/** `ldimm64` of a map, global, function or extern: the 32-bit `imm` of both slots. */
export const R_BPF_64_64 = 1;
/** A 64-bit word of data. */
export const R_BPF_64_ABS64 = 2;
/** A 32-bit word of data. */
export const R_BPF_64_ABS32 = 3;
/** A 32-bit word that is not to be changed: `.BTF`, `.BTF.ext` and DWARF. */
export const R_BPF_64_NODYLD32 = 4;
/** `call` of a function: its `imm`, in 8-byte slots. */
export const R_BPF_64_32 = 10;
