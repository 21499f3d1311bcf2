import * as elf from '../elf/index.js';

/** The ELF side of an object as plain data, each row as readelf has it. Offsets, values and sizes are bytes. */
export interface ElfSummary {
  readonly sections: readonly {
    readonly index: number;
    readonly name: string;
    /** `SHT_*`. */
    readonly type: number;
    readonly offset: number;
    readonly size: number;
    readonly entsize: number;
    /** `SHF_*`. */
    readonly flags: number;
    readonly link: number;
    readonly info: number;
    readonly addralign: number;
  }[];
  readonly symbols: readonly {
    readonly index: number;
    readonly name: string;
    readonly value: number;
    readonly size: number;
    readonly type: string;
    readonly bind: string;
    readonly visibility: string;
    /** Name of the section that it is defined in; null for an extern, a file, an absolute value. */
    readonly section: string | null;
  }[];
  readonly relocations: readonly {
    /** The section that it changes. */
    readonly section: string;
    readonly offset: number;
    readonly type: string;
    readonly symbol: string;
    readonly symbolIndex: number;
  }[];
}

const relocationNames = new Map<number, string>(
  Object.entries(elf).flatMap(([name, value]) =>
    name.startsWith('R_BPF_') ? [[value as number, name]] : [],
  ),
);

/** Sections, symbols and relocations of an object. Throws FormatError. */
export function elfSummary(bytes: Uint8Array, file: string): ElfSummary {
  const parsed = elf.parseElf(bytes, file);
  return {
    sections: parsed.sections.map(({ addr: _, data: __, ...section }) => section),
    symbols: parsed.symbols.map(({ shndx: _, section, type, bind, ...symbol }) => ({
      ...symbol,
      type: String(type),
      bind: String(bind),
      section: section?.name ?? null,
    })),
    relocations: parsed.sections.flatMap(section =>
      parsed.relocations(section).map(({ offset, type, symbol }) => ({
        section: section.name,
        offset,
        type: relocationNames.get(type) ?? String(type),
        symbol: symbol.name,
        symbolIndex: symbol.index,
      })),
    ),
  };
}
