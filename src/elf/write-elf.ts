import {
  EM_BPF,
  ET_REL,
  SHN_LORESERVE,
  SHT_NOBITS,
  SHT_NULL,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
} from './constants.js';
import { ehdrSize, shdrSize } from './header.js';
import { StringPool } from './string-pool.js';
import { symSize } from './symbols.js';
import type { ElfSymbolBind, ElfSymbolType, ElfSymbolVisibility, Endian } from './types.js';
import { encodeSymbol } from './write-symbol.js';

/** A section to write. Sizes are bytes. */
export interface NewSection {
  readonly name: string;
  /** `SHT_*`. */
  readonly type: number;
  /** `SHF_*`. */
  readonly flags: number;
  /** A power of two, or 0 for none. */
  readonly addralign: number;
  readonly entsize: number;
  /** Empty for `SHT_NOBITS`. */
  readonly data: Uint8Array;
  /** Bytes in memory: that of `data`, but for `SHT_NOBITS`. */
  readonly size: number;
}

/** A symbol to write. */
export interface NewSymbol {
  readonly name: string;
  /** Byte offset in the section. */
  readonly value: number;
  readonly size: number;
  readonly bind: ElfSymbolBind;
  readonly type: ElfSymbolType;
  readonly visibility: ElfSymbolVisibility;
  /** The section that holds it, one of those written, or a special index: `SHN_UNDEF` for an extern, `SHN_ABS`. */
  readonly section: NewSection | number;
}

/** A relocation to write, without an addend of its own (`SHT_REL`): the addend stands in the bytes relocated. */
export interface NewRelocation {
  /** Byte offset in the section that it applies to. */
  readonly offset: number;
  /** `R_BPF_*`. */
  readonly type: number;
  readonly symbol: NewSymbol;
}

/** What {@link writeElf} writes. */
export interface NewElf {
  readonly endian: Endian;
  /** `e_flags`. */
  readonly flags: number;
  readonly sections: readonly NewSection[];
  readonly symbols: readonly NewSymbol[];
  /** By the section that they apply to. */
  readonly relocations: ReadonlyMap<NewSection, readonly NewRelocation[]>;
}

const relSize = 16;
const SHF_STRINGS = 0x20;
const SHF_INFO_LINK = 0x40;
/** Sections before those given: the null section, `.strtab`, `.symtab`. */
const firstSection = 3;
const strtabIndex = 1;
const symtabIndex = 2;

/** What a section asks of memory need not be wasted in the file beyond a page. */
const mostFileAlignment = 4096;

interface Row extends NewSection {
  readonly link: number;
  readonly info: number;
}

/**
 * Writes a relocatable BPF object (ET_REL, EM_BPF) as clang lays one out: one string table for the names of sections and of symbols, local
 * symbols before all others (`sh_info` of the symbol table says where they end), `SHT_REL` tables named after the section they apply to.
 *
 * Throws RangeError for a symbol in a section that is not written, a relocation against a symbol that is not, or too many sections.
 */
export function writeElf(elf: NewElf): Uint8Array {
  const names = new StringPool();
  const isLocal = (symbol: NewSymbol) => symbol.bind === 'local';
  const locals = elf.symbols.filter(isLocal);
  const symbols = [...locals, ...elf.symbols.filter(symbol => !isLocal(symbol))];
  const rows = [
    { ...table('', SHT_NULL, new Uint8Array(0)), addralign: 0 },
    { ...table('.strtab', SHT_STRTAB, new Uint8Array(0)), flags: SHF_STRINGS },
    {
      ...table('.symtab', SHT_SYMTAB, encodeSymbols(elf, symbols, names)),
      addralign: 8,
      entsize: symSize,
      link: strtabIndex,
      info: locals.length + 1,
    },
    ...elf.sections.map((section): Row => ({ ...section, link: 0, info: 0 })),
    ...relocationTables(elf, symbols),
  ] satisfies Row[];
  if (rows.length >= SHN_LORESERVE)
    throw new RangeError(`${rows.length} sections; one file can have ${SHN_LORESERVE - 1}`);
  const nameOffsets = rows.map(row => names.offset(row.name));
  const strings = names.bytes();
  rows[strtabIndex] = { ...(rows[strtabIndex] as Row), data: strings, size: strings.length };
  return lay(elf, rows, nameOffsets);
}

function table(name: string, type: number, data: Uint8Array): Row {
  return { name, type, flags: 0, addralign: 1, entsize: 0, data, size: data.length, link: 0, info: 0 };
}

function encodeSymbols({ sections, endian }: NewElf, symbols: readonly NewSymbol[], names: StringPool) {
  const indices = new Map(sections.map((section, i) => [section, firstSection + i]));
  const data = new Uint8Array((1 + symbols.length) * symSize);
  const view = new DataView(data.buffer);
  for (const [i, symbol] of symbols.entries()) {
    const shndx = typeof symbol.section === 'number' ? symbol.section : indices.get(symbol.section);
    if (shndx === undefined) throw new RangeError(`symbol ${symbol.name}: its section is not written`);
    // A section symbol is known by its section; clang gives it no name.
    const name = symbol.type === 'section' ? 0 : names.offset(symbol.name);
    encodeSymbol(view, (1 + i) * symSize, endian, { ...symbol, name, shndx });
  }
  return data;
}

function relocationTables({ sections, relocations, endian }: NewElf, symbols: readonly NewSymbol[]): Row[] {
  const indices = new Map(symbols.map((symbol, i) => [symbol, 1 + i]));
  return sections.flatMap((section, i) => {
    const list = relocations.get(section) ?? [];
    if (list.length === 0) return [];
    const data = new Uint8Array(list.length * relSize);
    const view = new DataView(data.buffer);
    for (const [i, { offset, type, symbol }] of list.entries()) {
      const index = indices.get(symbol);
      if (index === undefined)
        throw new RangeError(`a relocation against ${symbol.name}, which is not written`);
      view.setBigUint64(i * relSize, BigInt(offset), endian === 'little');
      view.setBigUint64(i * relSize + 8, (BigInt(index) << 32n) | BigInt(type), endian === 'little');
    }
    return {
      ...table(`.rel${section.name}`, SHT_REL, data),
      flags: SHF_INFO_LINK,
      addralign: 8,
      entsize: relSize,
      link: symtabIndex,
      info: firstSection + i,
    };
  });
}

/** Puts header, sections and section headers after one another, each aligned. */
function lay({ endian, flags }: NewElf, rows: readonly Row[], nameOffsets: readonly number[]): Uint8Array {
  let end = ehdrSize;
  const offsets = rows.map(({ type, addralign, data }) => {
    if (type === SHT_NULL) return 0;
    const offset = alignTo(end, Math.min(addralign, mostFileAlignment));
    end = offset + data.length;
    return offset;
  });
  const shoff = alignTo(end, 8);
  const bytes = new Uint8Array(shoff + rows.length * shdrSize);
  const view = new DataView(bytes.buffer);
  const le = endian === 'little';
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), le);

  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, le ? 1 : 2, 1]);
  view.setUint16(16, ET_REL, le);
  view.setUint16(18, EM_BPF, le);
  view.setUint32(20, 1, le);
  u64(40, shoff);
  view.setUint32(48, flags, le);
  view.setUint16(52, ehdrSize, le);
  view.setUint16(58, shdrSize, le);
  view.setUint16(60, rows.length, le);
  view.setUint16(62, strtabIndex, le);

  for (const [i, row] of rows.entries()) {
    const at = shoff + i * shdrSize;
    const offset = offsets[i] as number;
    if (row.type !== SHT_NOBITS) bytes.set(row.data, offset);
    view.setUint32(at, nameOffsets[i] as number, le);
    view.setUint32(at + 4, row.type, le);
    u64(at + 8, row.flags);
    u64(at + 24, offset);
    u64(at + 32, row.size);
    view.setUint32(at + 40, row.link, le);
    view.setUint32(at + 44, row.info, le);
    u64(at + 48, row.addralign);
    u64(at + 56, row.entsize);
  }
  return bytes;
}

function alignTo(offset: number, alignment: number): number {
  return alignment > 1 ? Math.ceil(offset / alignment) * alignment : offset;
}
