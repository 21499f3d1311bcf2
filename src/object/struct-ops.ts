import { BpfFlags, BpfMapType, BpfProgType } from '../abi/index.js';
import type { BtfStruct, BtfTypes } from '../btf/index.js';
import type { ElfFile, ElfRelocation, ElfSection } from '../elf/index.js';
import { SHN_LORESERVE } from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import type { Functions } from './functions.js';
import { matchSection } from './section-names.js';
import type { MapSpec, StructOpsSpec } from './types.js';

const sectionNames = ['.struct_ops', '.struct_ops.link', '?.struct_ops', '?.struct_ops.link'];

/** True for a section of struct_ops variables. */
export function isStructOps({ name, data }: Pick<ElfSection, 'name' | 'data'>): boolean {
  return sectionNames.includes(name) && data.length > 0;
}

/**
 * The maps of `.struct_ops` sections: one for each variable, its members that point to functions filled in from the relocations (libbpf:
 * init_struct_ops_maps, bpf_object__collect_st_ops_relos). Throws FormatError naming the variable.
 */
export function readStructOpsMaps(elf: ElfFile, btf: BtfTypes | undefined, functions: Functions): MapSpec[] {
  const sections = elf.sections.filter(isStructOps);
  return sections.flatMap(section => {
    if (!btf)
      throw new FormatError('the object has no BTF that tells the types in it: compile with -g', {
        file: elf.file,
        section: section.name,
      });
    return readSection(elf, section, btf, functions);
  });
}

interface Variable {
  readonly name: string;
  readonly offset: number;
  readonly struct: BtfStruct;
}

function readSection(elf: ElfFile, section: ElfSection, btf: BtfTypes, functions: Functions): MapSpec[] {
  const variables = readVariables(elf, section, btf);
  const programs = new Map(variables.map(v => [v.name, new Map<number, string>()]));
  for (const relocation of elf.relocations(section)) {
    const { variable, member, program } = readPointer(elf, section, btf, functions, variables, relocation);
    programs.get(variable.name)?.set(member, program);
  }
  const optional = section.name.startsWith('?');
  const link = section.name.endsWith('.link');
  return variables.map(({ name, offset, struct }) => ({
    name,
    kernelName: name.slice(0, 15),
    type: BpfMapType.BPF_MAP_TYPE_STRUCT_OPS,
    keySize: 4,
    valueSize: struct.size,
    maxEntries: 1,
    flags: link ? BpfFlags.BPF_F_LINK : 0,
    mapExtra: 0n,
    numaNode: undefined,
    pinning: 'none',
    keyTypeId: 0,
    valueTypeId: struct.id,
    internal: undefined,
    values: [],
    inner: undefined,
    autocreate: !optional,
    structOps: structOpsSpec(
      struct,
      section.data.slice(offset, offset + struct.size),
      programs.get(name) ?? new Map(),
    ),
  }));
}

function structOpsSpec(
  { id, members }: BtfStruct,
  bytes: Uint8Array,
  programs: ReadonlyMap<number, string>,
): StructOpsSpec {
  // The compiler may have left an offset into a section where the pointer belongs.
  for (const member of programs.keys()) {
    const at = (members[member]?.bitOffset ?? 0) / 8;
    bytes.fill(0, at, at + 8);
  }
  return {
    typeId: id,
    bytes,
    programs: [...programs].sort(([a], [b]) => a - b).map(([member, program]) => ({ member, program })),
  };
}

function readVariables(elf: ElfFile, section: ElfSection, btf: BtfTypes): Variable[] {
  const place = { file: elf.file, section: section.name };
  const id = btf.findByName(section.name, 'datasec');
  const datasec = id === undefined ? undefined : btf.type(id);
  if (datasec?.kind !== 'datasec') throw new FormatError('BTF has no DATASEC for this section', place);
  return datasec.vars.map(({ type, offset }) => {
    const { name } = btf.type(type);
    const at = { ...place, offset, field: `variable ${name}` };
    const variable = btf.type(type);
    const struct = variable.kind === 'var' ? btf.resolved(variable.type) : variable;
    if (struct.kind !== 'struct') throw new FormatError(`is a ${struct.kind}, not a struct`, at);
    if (struct.name === '') throw new FormatError('its struct has no name', at);
    if (offset + struct.size > section.data.length)
      throw new FormatError(`ends behind the ${section.data.length} bytes of the section`, at);
    return { name, offset, struct };
  });
}

function readPointer(
  elf: ElfFile,
  section: ElfSection,
  btf: BtfTypes,
  functions: Functions,
  variables: readonly Variable[],
  { offset, symbol }: ElfRelocation,
): { readonly variable: Variable; readonly member: number; readonly program: string } {
  const bad = (reason: string) =>
    new FormatError(reason, {
      file: elf.file,
      section: section.name,
      offset,
      field: `pointer to ${symbol.name || '(no name)'}`,
    });
  const variable = variables.find(v => v.offset <= offset && offset < v.offset + v.struct.size);
  if (!variable) throw bad('is in no struct_ops variable');
  if (!symbol.section || symbol.shndx >= SHN_LORESERVE) throw bad('points to no function of the object');
  const { members } = variable.struct;
  const index = members.findIndex(m => m.bitOffset === (offset - variable.offset) * 8);
  const member = members[index];
  if (!member) throw bad(`no member of struct ${variable.struct.name} is at this place`);
  const pointer = btf.resolved(member.type);
  if (pointer.kind !== 'ptr' || btf.resolved(pointer.type).kind !== 'func_proto')
    throw bad(`member ${member.name} is not a pointer to a function`);
  const program = functions.at(symbol.section, symbol.value);
  if (!program) throw bad('points to no program');
  if (matchSection(program.section)?.rule.type !== BpfProgType.BPF_PROG_TYPE_STRUCT_OPS)
    throw bad(`program ${program.name} is of section ${program.section}: write SEC("struct_ops")`);
  return { variable, member: index, program: program.name };
}
