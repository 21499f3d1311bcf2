import { Btf, dedupBtf } from '../../btf/index.js';
import { type NewElf, type NewSection, SHT_PROGBITS, writeElf } from '../../elf/index.js';
import { ObjectError } from '../object-error.js';
import { BtfStrings } from './btf-strings.js';
import { type LinkInput, readInput } from './input.js';
import { type Layout, layOut } from './layout.js';
import { mergeTypes } from './merge-btf.js';
import { mergeExt } from './merge-ext.js';
import { relocate } from './relocations.js';
import { resolveSymbols, type Symbols } from './symbols.js';

/** An object to link: its bytes, and what to call it in messages. */
export interface ObjectFile {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** One object made of several. */
export interface LinkedObject {
  readonly bytes: Uint8Array;
  readonly warnings: readonly string[];
}

/**
 * Links compiled BPF objects into one, as `bpftool gen object` does (libbpf: src/linker.c): externs are resolved to what another object
 * defines, sections of one name joined, types merged and freed of duplicates. DWARF is left out.
 *
 * Throws FormatError for what is no BPF object or is damaged, ObjectError, naming the symbol or section and the files, for objects that do
 * not go together: two strong definitions, types that differ, another license.
 */
export function linkObjects(files: readonly ObjectFile[]): LinkedObject {
  const inputs = files.map(({ bytes, file }) => readInput(bytes, file));
  const [first] = inputs;
  if (!first) throw new TypeError('no objects to link');
  const { endian } = first.elf;
  for (const { file, elf } of inputs)
    if (elf.endian !== endian)
      throw new ObjectError(
        file,
        'byte order',
        `${elf.endian}-endian, but ${first.file} is ${endian}-endian`,
      );

  const layout = layOut(inputs);
  const symbols = resolveSymbols(inputs, layout);
  const relocations = relocate(inputs, layout, symbols);
  const elf: NewElf = {
    endian,
    // The version of the instruction set (-mcpu), in newer compilers' objects.
    flags: Math.max(...inputs.map(input => input.elf.flags)),
    sections: [...layout.sections.filter(section => section.inElf), ...typeSections(inputs, layout, symbols)],
    symbols: symbols.symbols,
    relocations,
  };
  return { bytes: writeElf(elf), warnings: warningsOf(symbols) };
}

function typeSections(inputs: readonly LinkInput[], layout: Layout, symbols: Symbols): NewSection[] {
  const merged = mergeTypes(inputs, layout, symbols);
  if (merged.btf.endId === merged.btf.startId) return [];
  const { bytes, ids } = dedupBtf(merged.btf);
  const btf = Btf.parse(bytes);
  // Strings of .BTF.ext are added only now: removing duplicates drops those that no type names.
  const strings = new BtfStrings(btf);
  const typeId = (input: LinkInput, id: number) => {
    const before = merged.ids(input)[id] ?? 0;
    return before === 0 ? 0 : (ids[before - merged.btf.startId] as number);
  };
  const ext = mergeExt(inputs, layout, typeId, strings, btf.endian);
  return [section('.BTF', strings.result), ...(ext ? [section('.BTF.ext', ext)] : [])];
}

function section(name: string, data: Uint8Array): NewSection {
  return { name, type: SHT_PROGBITS, flags: 0, addralign: 8, entsize: 0, data, size: data.length };
}

/** Externs listed here are for the loader to resolve. */
const loaderDatasecs = new Set(['.ksyms', '.kconfig']);

/** Externs that neither an object nor the kernel will define. */
function warningsOf({ globals }: Symbols): string[] {
  return [...globals.values()]
    .filter(({ holder }) => holder.isExtern && !loaderDatasecs.has(holder.section?.name ?? ''))
    .map(
      ({ name, holder }) =>
        `extern ${name} of ${holder.input.file} is in none of the objects: link one that defines it, or declare it __ksym or __kconfig`,
    );
}
