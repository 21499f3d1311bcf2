import { Btf, type BtfDatasec, type BtfExt, type BtfSecinfo, parseBtfExt } from '../../btf/index.js';
import { type ElfFile, type ElfSection, parseElf, requireBpf, SHT_SYMTAB } from '../../elf/index.js';
import { FormatError } from '../../errors/index.js';
import { isKept } from './kept-sections.js';

/** A section of one of the objects to link. */
export interface InputSection {
  readonly name: string;
  /** Undefined for one that only BTF has: `.kconfig`, `.ksyms`, or one that the object only has externs in. */
  readonly elf: ElfSection | undefined;
  readonly datasec: BtfDatasec | undefined;
}

/** What BTF says of a function or variable that is not static. */
export interface Declaration {
  readonly typeId: number;
  /** The DATASEC that lists it. */
  readonly datasec: string | undefined;
  readonly secinfo: BtfSecinfo | undefined;
}

/** One of the objects to link. */
export interface LinkInput {
  readonly file: string;
  readonly elf: ElfFile;
  readonly btf: Btf | undefined;
  readonly ext: BtfExt | undefined;
  /** The sections that go into the output, in order of the file, then those that only BTF has. */
  readonly sections: readonly InputSection[];
  readonly declarations: ReadonlyMap<string, Declaration>;
  /** The section of that name, or of that row of the file; undefined when it does not go into the output. */
  section(of: string | ElfSection): InputSection | undefined;
}

/** clang's DATASEC of externs that say no section. */
export const externDatasec = '.extern';

/** Parses one object to link. Throws FormatError when it is none, or has sections that no BPF object has. */
export function readInput(bytes: Uint8Array, file: string): LinkInput {
  const elf = parseElf(bytes, file);
  requireBpf(elf);
  if (!elf.sections.some(section => section.type === SHT_SYMTAB))
    throw new FormatError('there is no symbol table: was the file stripped?', { file });
  const types = elf.section('.BTF');
  const ext = elf.section('.BTF.ext');
  const btf = types && Btf.parse(types.data, { file });
  if (btf && btf.endian !== elf.endian)
    throw new FormatError(`is ${btf.endian}-endian in a ${elf.endian}-endian file`, {
      file,
      section: '.BTF',
    });
  const sections = inputSections(elf, btf);
  const found = new Map<string | ElfSection, InputSection>();
  for (const section of sections) {
    if (section.elf) found.set(section.elf, section);
    if (!found.has(section.name)) found.set(section.name, section);
  }
  return {
    file,
    elf,
    btf,
    ext: btf && ext && parseBtfExt(ext.data, btf, file),
    sections,
    declarations: btf ? readDeclarations(btf, file) : new Map(),
    section: of => found.get(of),
  };
}

function inputSections(elf: ElfFile, btf: Btf | undefined): InputSection[] {
  const datasecs = new Map<string, BtfDatasec>();
  for (const type of btf ? datasecsOf(btf) : []) {
    if (datasecs.has(type.name))
      throw new FormatError('there are two of this name', {
        file: elf.file,
        section: '.BTF',
        field: `DATASEC ${type.name}`,
      });
    datasecs.set(type.name, type);
  }
  const kept = elf.sections.filter(section => isKept(section, elf.file));
  const names = new Set(elf.sections.map(section => section.name));
  const own = kept.map((elf): InputSection => {
    const datasec = datasecs.get(elf.name);
    datasecs.delete(elf.name);
    return { name: elf.name, elf, datasec };
  });
  const ephemeral = [...datasecs.values()].filter(({ name }) => !names.has(name) && name !== externDatasec);
  return [...own, ...ephemeral.map(datasec => ({ name: datasec.name, elf: undefined, datasec }))];
}

function* datasecsOf(btf: Btf): Generator<BtfDatasec> {
  for (let id = btf.startId; id < btf.endId; id++) {
    const type = btf.type(id);
    if (type.kind === 'datasec') yield type;
  }
}

function readDeclarations(btf: Btf, file: string): Map<string, Declaration> {
  const found = new Map<string, Declaration>();
  for (const { name: datasec, vars } of datasecsOf(btf))
    for (const secinfo of vars) {
      const { name } = btf.type(secinfo.type);
      if (!isGlobal(btf, secinfo.type)) continue;
      if (found.has(name))
        throw new FormatError('two DATASECs list it', { file, section: '.BTF', field: `symbol ${name}` });
      found.set(name, { typeId: secinfo.type, datasec, secinfo });
    }
  // Functions are in a DATASEC only when they are externs of .ksyms.
  for (let typeId = btf.startId; typeId < btf.endId; typeId++) {
    const { name } = btf.type(typeId);
    if (isGlobal(btf, typeId) && !found.has(name))
      found.set(name, { typeId, datasec: undefined, secinfo: undefined });
  }
  return found;
}

/** True for a variable or function that other objects can see, or that another object defines. */
export function isGlobal(btf: Btf, typeId: number): boolean {
  const type = btf.type(typeId);
  return (type.kind === 'var' || type.kind === 'func') && type.linkage !== 'static';
}
