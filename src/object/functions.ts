import type { BtfExt, CoreRelocation, FuncInfo, LineInfo } from '../btf/index.js';
import { type ElfFile, type ElfSection, type ElfSymbol, SHF_EXECINSTR, SHT_PROGBITS } from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import { insnSize } from '../insn/index.js';
import { RangeIndex } from './range-index.js';
import type { FunctionSpec } from './types.js';

/** A function before its references are known. */
export interface FunctionBody extends Omit<FunctionSpec, 'references'> {
  readonly elfSection: ElfSection;
}

/** The functions of an object, to find by place. */
export class Functions {
  /** Entry programs, in libbpf's order: by section, then by place in it. */
  readonly programs: readonly FunctionBody[];
  /** The functions of `.text`. */
  readonly subprogs: readonly FunctionBody[];
  private readonly bySection = new Map<ElfSection, FunctionBody[]>();

  constructor(all: readonly FunctionBody[]) {
    this.programs = all.filter(f => f.section !== '.text');
    this.subprogs = all.filter(f => f.section === '.text');
    for (const f of all) {
      const list = this.bySection.get(f.elfSection);
      if (list) list.push(f);
      else this.bySection.set(f.elfSection, [f]);
    }
  }

  /** The function that holds the byte at `offset`. */
  at(section: ElfSection, offset: number): FunctionBody | undefined {
    const list = this.bySection.get(section) ?? [];
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list[middle] as FunctionBody).sectionOffset <= offset) low = middle + 1;
      else high = middle;
    }
    const found = list[low - 1];
    return found && offset < found.sectionOffset + found.insns.length ? found : undefined;
  }
}

/** True for a section of instructions. */
export function isCode(section: ElfSection): boolean {
  return section.type === SHT_PROGBITS && (section.flags & SHF_EXECINSTR) !== 0 && section.size > 0;
}

/** Reads the functions of all code sections. Throws FormatError for one that is not whole instructions, or static where it must not be. */
export function readFunctions(elf: ElfFile, ext: BtfExt | undefined): Functions {
  const symbols = elf.symbols.filter(s => s.type === 'func' && s.section && isCode(s.section));
  symbols.sort((a, b) => a.shndx - b.shndx || a.value - b.value);
  const keys = new Set<string>();
  for (const symbol of symbols) {
    if (symbol.bind === 'local') continue;
    if (keys.has(symbol.name)) throw new FormatError('is defined a second time', placeOf(elf, symbol));
    keys.add(symbol.name);
  }
  const bodies: FunctionBody[] = [];
  const infos = new Map<ElfSection, SectionInfo>();
  for (const symbol of symbols) {
    const section = symbol.section as ElfSection;
    const info = infos.get(section) ?? sectionInfo(ext, section.name);
    infos.set(section, info);
    const body = readFunction(elf, info, symbol, keys);
    const previous = bodies.at(-1);
    if (previous?.elfSection === body.elfSection && overlaps(previous, body))
      throw new FormatError(`overlaps the function ${previous.name}`, placeOf(elf, symbol));
    bodies.push(body);
  }
  return new Functions(bodies);
}

/** True for functions that share some instructions; those that share all are one function by two names, which gcc makes of equal bodies. */
function overlaps(before: FunctionBody, after: FunctionBody): boolean {
  const alias = before.sectionOffset === after.sectionOffset && before.insns.length === after.insns.length;
  return !alias && after.sectionOffset < before.sectionOffset + before.insns.length;
}

/** What `.BTF.ext` says of the instructions of a section. */
interface SectionInfo {
  readonly func: RangeIndex<FuncInfo>;
  readonly line: RangeIndex<LineInfo>;
  readonly core: RangeIndex<CoreRelocation>;
}

function sectionInfo(ext: BtfExt | undefined, name: string): SectionInfo {
  const index = <T extends { readonly insnOffset: number }>(records: readonly T[] | undefined) =>
    new RangeIndex(records ?? [], record => record.insnOffset);
  return {
    func: index(ext?.funcInfo.get(name)),
    line: index(ext?.lineInfo.get(name)),
    core: index(ext?.coreRelocations.get(name)),
  };
}

function readFunction(elf: ElfFile, info: SectionInfo, symbol: ElfSymbol, keys: Set<string>): FunctionBody {
  const place = placeOf(elf, symbol);
  const elfSection = symbol.section as ElfSection;
  const { name, value: start, size } = symbol;
  const end = start + size;
  if (size === 0 || size % insnSize !== 0 || start % insnSize !== 0)
    throw new FormatError(`${size} bytes at ${start} are not whole instructions of ${insnSize} bytes`, place);
  if (end > elfSection.data.length)
    throw new FormatError(`ends at byte ${end}, but the section has only ${elfSection.data.length}`, place);
  if (symbol.bind === 'local' && elfSection.name !== '.text')
    throw new FormatError('a program cannot be static: remove `static`, or its SEC()', place);

  const section = elfSection.name.replace(/^\?/, '');
  return {
    key: symbol.bind === 'local' ? staticKey(keys, name, section, start) : name,
    name,
    section,
    elfSection,
    sectionOffset: start,
    insns: elfSection.data.subarray(start, end),
    linkage: symbol.bind === 'local' ? 'static' : symbol.bind === 'weak' ? 'weak' : 'global',
    funcInfo: info.func.within(start, end),
    lineInfo: info.line.within(start, end),
    coreRelocations: info.core.within(start, end),
  };
}

/** Names of static functions need not be unique, in an object linked from several. */
function staticKey(keys: Set<string>, name: string, section: string, offset: number): string {
  const key =
    [name, `${section}/${name}`].find(key => !keys.has(key)) ?? `${section}/${name}+0x${offset.toString(16)}`;
  keys.add(key);
  return key;
}

function placeOf(elf: ElfFile, symbol: ElfSymbol) {
  return {
    file: elf.file,
    section: symbol.section?.name ?? '',
    offset: symbol.value,
    field: `function ${symbol.name}`,
  };
}
