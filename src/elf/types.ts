/** Byte order of an object: that of `e_ident[EI_DATA]`. */
export type Endian = 'little' | 'big';

/** One row of the section header table. Offsets and sizes are bytes. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  /** `SHT_*`. */
  readonly type: number;
  /** `SHF_*`. */
  readonly flags: number;
  readonly addr: bigint;
  readonly offset: number;
  /** Bytes in memory. For `SHT_NOBITS` (`.bss`) nothing of it is in the file. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly addralign: number;
  readonly entsize: number;
  /** The bytes in the file, a view (not a copy) of the input; empty for `SHT_NOBITS` and `SHT_NULL`. */
  readonly data: Uint8Array;
}

export type ElfSymbolBind = 'local' | 'global' | 'weak' | number;
export type ElfSymbolType = 'notype' | 'object' | 'func' | 'section' | 'file' | 'common' | 'tls' | number;
export type ElfSymbolVisibility = 'default' | 'internal' | 'hidden' | 'protected';

/** One `Elf64_Sym`. */
export interface ElfSymbol {
  readonly index: number;
  /** The symbol's name; a section symbol without a name of its own has its section's. */
  readonly name: string;
  /** Byte offset within the section (ET_REL). */
  readonly value: number;
  readonly size: number;
  readonly bind: ElfSymbolBind;
  readonly type: ElfSymbolType;
  readonly visibility: ElfSymbolVisibility;
  /** `st_shndx`, raw: 0 is `SHN_UNDEF` (an extern), 0xfff1 `SHN_ABS`, 0xfff2 `SHN_COMMON`. */
  readonly shndx: number;
  /** The section it is defined in, when it is in one. */
  readonly section: ElfSection | undefined;
}

/** One `Elf64_Rel` or `Elf64_Rela`. */
export interface ElfRelocation {
  /** Byte offset in the section that the relocation applies to. */
  readonly offset: number;
  /** `R_BPF_*` for a BPF object. */
  readonly type: number;
  readonly symbol: ElfSymbol;
  /** The explicit addend of a `SHT_RELA` section; undefined for `SHT_REL`, whose addend is in the bytes relocated. */
  readonly addend: bigint | undefined;
}

/** A 64-bit ELF file, decoded and bounds-checked; every name, link and index in it has been validated. */
export interface ElfFile {
  /** The name the input was given, for messages. */
  readonly file: string;
  readonly endian: Endian;
  /** `e_type`: 1 is ET_REL. */
  readonly type: number;
  /** `e_machine`: 247 is EM_BPF. */
  readonly machine: number;
  readonly flags: number;
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** The first section with this name. */
  section(name: string): ElfSection | undefined;
  /** All relocations that apply to `section`, in file order (decoded on first use). */
  relocations(section: ElfSection): readonly ElfRelocation[];
}
