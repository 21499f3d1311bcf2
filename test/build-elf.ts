/** One section of an object to build; `symtab`, `strtab` and `shstrtab` are added. */
export interface BuiltSection {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly data: Uint8Array;
  /** Name of the section that relocations apply to. */
  readonly info?: string;
  readonly entsize?: number;
}

export interface BuiltSymbol {
  readonly name: string;
  /** `st_info`: bind << 4 | type. */
  readonly info: number;
  readonly section: string;
  readonly value: number;
  readonly size: number;
}

/** Builds a little-endian BPF object, so that a test can have one of any size. Local symbols come first. */
export function buildElf(sections: readonly BuiltSection[], symbols: readonly BuiltSymbol[]): Uint8Array {
  const names = ['', ...sections.map(s => s.name), '.symtab', '.strtab', '.shstrtab'];
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const symbolNames = stringTable(['', ...symbols.map(s => s.name)]);
  const sectionNames = stringTable(names);
  const rows = [
    ...sections,
    { name: '.symtab', type: 2, data: symbolTable(symbols, symbolNames.offsets, indexOf), entsize: 24 },
    { name: '.strtab', type: 3, data: symbolNames.bytes },
    { name: '.shstrtab', type: 3, data: sectionNames.bytes },
  ] as readonly BuiltSection[];

  const starts: number[] = [];
  let end = 64;
  for (const { data } of rows) {
    end = (end + 7) & ~7;
    starts.push(end);
    end += data.length;
  }
  const table = (end + 7) & ~7;
  const bytes = new Uint8Array(table + names.length * 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 1, true);
  view.setUint16(18, 247, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(40, BigInt(table), true);
  view.setUint16(52, 64, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, names.length, true);
  view.setUint16(62, names.length - 1, true);
  for (const [i, { name, type, flags = 0, data, info, entsize = 0 }] of rows.entries()) {
    const at = table + 64 * (i + 1);
    bytes.set(data, starts[i]);
    view.setUint32(at, sectionNames.offsets.get(name) ?? 0, true);
    view.setUint32(at + 4, type, true);
    view.setBigUint64(at + 8, BigInt(flags), true);
    view.setBigUint64(at + 24, BigInt(starts[i] as number), true);
    view.setBigUint64(at + 32, BigInt(data.length), true);
    const link = name === '.symtab' ? '.strtab' : info === undefined ? '' : '.symtab';
    view.setUint32(at + 40, indexOf.get(link) ?? 0, true);
    view.setUint32(at + 44, info === undefined ? 0 : (indexOf.get(info) ?? 0), true);
    view.setBigUint64(at + 48, 8n, true);
    view.setBigUint64(at + 56, BigInt(entsize), true);
  }
  return bytes;
}

/** `Elf64_Rel` records: byte offset, and the 1-based number of the symbol. */
export function relocations(
  records: readonly { offset: number; symbol: number; type: number }[],
): Uint8Array {
  const bytes = new Uint8Array(records.length * 16);
  const view = new DataView(bytes.buffer);
  for (const [i, { offset, symbol, type }] of records.entries()) {
    view.setBigUint64(i * 16, BigInt(offset), true);
    view.setBigUint64(i * 16 + 8, (BigInt(symbol) << 32n) | BigInt(type), true);
  }
  return bytes;
}

function symbolTable(
  symbols: readonly BuiltSymbol[],
  names: ReadonlyMap<string, number>,
  sections: ReadonlyMap<string, number>,
): Uint8Array {
  const bytes = new Uint8Array((symbols.length + 1) * 24);
  const view = new DataView(bytes.buffer);
  for (const [i, { name, info, section, value, size }] of symbols.entries()) {
    const at = (i + 1) * 24;
    view.setUint32(at, names.get(name) ?? 0, true);
    view.setUint8(at + 4, info);
    view.setUint16(at + 6, sections.get(section) ?? 0, true);
    view.setBigUint64(at + 8, BigInt(value), true);
    view.setBigUint64(at + 16, BigInt(size), true);
  }
  return bytes;
}

function stringTable(strings: readonly string[]): { bytes: Uint8Array; offsets: Map<string, number> } {
  const offsets = new Map<string, number>();
  let text = '';
  for (const string of strings) {
    if (offsets.has(string)) continue;
    offsets.set(string, text.length);
    text += `${string}\0`;
  }
  return { bytes: new TextEncoder().encode(text), offsets };
}
