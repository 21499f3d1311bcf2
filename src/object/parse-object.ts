import { Btf, type BtfExt, parseBtfExt } from '../btf/index.js';
import { type ElfFile, type ElfSection, parseElf, requireBpf, SHT_SYMTAB } from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import { readArena } from './arena.js';
import { fixupBtf } from './btf-fixup.js';
import { kconfigMap, readDataMaps } from './data-maps.js';
import { isExtern, readExterns } from './externs.js';
import { type FunctionBody, readFunctions } from './functions.js';
import { readGlobals } from './globals.js';
import { isLegacyMaps, readLegacyMaps } from './legacy-maps.js';
import { readLicense, readVersion } from './license.js';
import { readDefinedMaps } from './maps.js';
import { programSpec } from './programs.js';
import { type ReferenceScope, readReferences } from './references.js';
import { isStructOps, readStructOpsMaps } from './struct-ops.js';
import type { ExternSpec, FunctionSpec, ObjectSpec } from './types.js';

export interface ParseObjectOptions {
  /** What to call the input in messages; the name of the object is taken from it, too. */
  readonly file?: string;
  /** Name of the object, from which those of its data maps are made. Default: the file's base name up to its first dot. */
  readonly name?: string;
}

/**
 * Parses a compiled BPF object (`clang -g -O2 -target bpf -c`) of either byte order into plain data. Nothing is asked of a kernel.
 *
 * Accepts what libbpf accepts (src/libbpf.c, bpf_object_open), and legacy `maps` sections. A section name that says no program type leaves
 * the program's type undefined. The spec keeps views of `bytes`, which must not change.
 *
 * Throws FormatError, naming section, offset and symbol, for anything malformed.
 */
export function parseObject(bytes: Uint8Array, options: ParseObjectOptions = {}): ObjectSpec {
  const { file = '(object)' } = options;
  const name = options.name ?? objectName(file);
  const elf = parseElf(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), file);
  requireBpf(elf);
  if (!elf.sections.some(section => section.type === SHT_SYMTAB))
    throw new FormatError('there is no symbol table: was the file stripped?', { file });

  const { btf, btfExt, externs, warnings } = readTypes(elf);
  const functions = readFunctions(elf, btfExt);
  const defined = readDefinedMaps(elf, btf, functions);
  const kconfig = kconfigMap(btf, externs, name);
  const maps = [
    ...readLegacyMaps(elf),
    ...defined.maps,
    ...readDataMaps(elf, btf, name),
    ...(kconfig ? [kconfig] : []),
    ...readStructOpsMaps(elf, btf, functions),
  ];

  const arena = readArena(elf, maps);
  const scope: ReferenceScope = { elf, relocations: new Map(), functions, maps, mapAt: defined.nameAt };
  const complete = ({ elfSection: _, ...body }: FunctionBody, references: FunctionSpec['references']) => ({
    ...body,
    references,
  });
  return {
    file,
    name,
    endian: elf.endian,
    license: readLicense(elf),
    version: readVersion(elf),
    programs: functions.programs.map(body =>
      programSpec(complete(body, readReferences(body, scope)), body.elfSection.name),
    ),
    subprogs: functions.subprogs.map(body => complete(body, readReferences(body, scope))),
    maps,
    globals: readGlobals(maps, arena, btf, file),
    externs,
    btf,
    btfExt,
    arena,
    jumpTables: elf.section('.jumptables')?.data,
    warnings: [...legacyWarnings(elf), ...warnings],
  };
}

/** libbpf's name of an object: that of its file, without folders and from the first dot on. */
function objectName(file: string): string {
  return (file.split(/[/\\]/).at(-1) ?? '').replace(/\..*$/, '');
}

interface Types {
  readonly btf: Btf | undefined;
  readonly btfExt: BtfExt | undefined;
  readonly externs: readonly ExternSpec[];
  readonly warnings: readonly string[];
}

/** Damaged BTF is done without, as libbpf does (bpf_object__init_btf), unless maps or externs are defined by it. */
function readTypes(elf: ElfFile): Types {
  const section = elf.section('.BTF');
  let warning = 'no BTF: values cannot be shown by type; compile with -g';
  try {
    if (section) return readBtf(elf, section);
  } catch (error) {
    const needed = elf.section('.maps') || elf.sections.some(isStructOps) || elf.symbols.some(isExtern);
    if (needed || !(error instanceof FormatError)) throw error;
    warning = `BTF is ignored: ${error.message}`;
  }
  return { btf: undefined, btfExt: undefined, externs: readExterns(elf, undefined), warnings: [warning] };
}

function readBtf(elf: ElfFile, section: ElfSection): Types {
  const { file } = elf;
  const compiled = Btf.parse(section.data, { file });
  if (compiled.endian !== elf.endian)
    throw new FormatError(`is ${compiled.endian}-endian in a ${elf.endian}-endian file`, {
      file,
      section: '.BTF',
    });
  const externs = readExterns(elf, compiled);
  const btf = Btf.parse(fixupBtf(compiled, elf, externs), { file });
  const ext = elf.section('.BTF.ext');
  return { btf, btfExt: ext && parseBtfExt(ext.data, btf, file), externs, warnings: [] };
}

function legacyWarnings(elf: ElfFile): string[] {
  const warnings: string[] = [];
  for (const section of elf.sections.filter(isLegacyMaps))
    warnings.push(
      `section ${section.name}: legacy map definitions, which libbpf refuses since 1.0; rewrite them as BTF-defined maps in SEC(".maps")`,
    );
  return warnings;
}
