import { BpfMapType } from '../abi/index.js';
import { type ElfFile, type ElfRelocation, type ElfSection, SHN_LORESERVE, SHN_UNDEF } from '../elf/index.js';
import { FormatError, type FormatErrorPlace } from '../errors/index.js';
import {
  BPF_CALL,
  BPF_JMP,
  BPF_PSEUDO_CALL,
  decodeInsn,
  type Insn,
  insnCount,
  insnSize,
  isLdimm64,
} from '../insn/index.js';
import { arenaSection } from './arena.js';
import { isExtern } from './externs.js';
import type { FunctionBody, Functions } from './functions.js';
import { isLegacyMaps } from './legacy-maps.js';
import { RangeIndex } from './range-index.js';
import type { InsnReference, MapSpec } from './types.js';

/** What references are resolved against. */
export interface ReferenceScope {
  readonly elf: ElfFile;
  readonly functions: Functions;
  readonly maps: readonly MapSpec[];
  /** The relocations of each section by place, filled in when one is first asked for. */
  readonly relocations: Map<ElfSection, RangeIndex<ElfRelocation>>;
  /** Name of the map defined at a byte of `.maps`. */
  readonly mapAt: (offset: number) => string | undefined;
}

/**
 * Decodes what the instructions of a function refer to, by their relocations and, for calls inside `.text`, by the instructions
 * themselves (libbpf: bpf_program__record_reloc, bpf_object__reloc_code). In order of the instructions.
 */
export function readReferences(body: FunctionBody, scope: ReferenceScope): InsnReference[] {
  const { elf } = scope;
  const found = new Map<number, InsnReference>();
  for (const relocation of relocationsOf(body, scope)) {
    const index = (relocation.offset - body.sectionOffset) / insnSize;
    if (!Number.isInteger(index))
      throw new FormatError('a relocation in the middle of an instruction', placeOf(body, relocation, elf));
    if (!found.has(index)) found.set(index, decodeRelocation(body, index, relocation, scope));
  }

  const slots = insnCount(body.insns);
  for (let index = 0; index < slots; index++) {
    const insn = decodeInsn(body.insns, index, elf.endian);
    if (isLdimm64(insn)) {
      if (index + 1 === slots)
        throw new FormatError('the function ends in the middle of a 16-byte ldimm64', {
          file: elf.file,
          section: body.section,
          offset: body.sectionOffset + index * insnSize,
          field: `function ${body.name}`,
        });
      index++;
    } else if (isSubprogCall(insn) && !found.has(index))
      found.set(index, localCall(body, index, insn, scope));
  }
  return [...found.values()].sort((a, b) => a.index - b.index);
}

function relocationsOf(body: FunctionBody, { elf, relocations }: ReferenceScope): ElfRelocation[] {
  let index = relocations.get(body.elfSection);
  if (!index) {
    index = new RangeIndex(elf.relocations(body.elfSection), ({ offset }) => offset);
    relocations.set(body.elfSection, index);
  }
  return index.within(body.sectionOffset, body.sectionOffset + body.insns.length);
}

function decodeRelocation(
  body: FunctionBody,
  index: number,
  relocation: ElfRelocation,
  scope: ReferenceScope,
): InsnReference {
  const { elf, functions } = scope;
  const { symbol } = relocation;
  const insn = decodeInsn(body.insns, index, elf.endian);
  const bad = (reason: string) => new FormatError(reason, placeOf(body, relocation, elf));
  const call = insn.code === (BPF_JMP | BPF_CALL);
  if (!call && !isLdimm64(insn))
    throw bad(
      `a relocation of an instruction with code 0x${insn.code.toString(16)}, which is neither call nor ldimm64`,
    );

  if (isExtern(symbol)) return { kind: 'extern', index, name: symbol.name, call };
  const { section } = symbol;
  if (!section)
    throw bad(
      symbol.shndx === SHN_UNDEF || symbol.shndx < SHN_LORESERVE
        ? 'the symbol is not defined'
        : `the symbol is in special section 0x${symbol.shndx.toString(16)}: is a global variable not initialized?`,
    );
  // With SHT_REL the addend stands in the instruction; slots for a call, bytes for a ldimm64.
  const addend =
    relocation.addend !== undefined ? Number(relocation.addend) : call ? (insn.imm + 1) * insnSize : insn.imm;
  const offset = symbol.value + addend;

  if (call) {
    if (insn.src !== BPF_PSEUDO_CALL)
      throw bad('a relocation of a call that is not to a function of the object');
    if (section.name !== '.text')
      throw bad(`calls a function in section ${section.name}: only functions in .text can be called`);
    return { kind: 'call', index, func: functionAt(functions, section, offset, bad) };
  }
  if (section.name === '.text')
    return { kind: 'funcPtr', index, func: functionAt(functions, section, offset, bad) };
  if (section.name === '.jumptables')
    return { kind: 'jumpTable', index, offset: symbol.value, size: symbol.size };
  if (section.name === '.maps') {
    const map = scope.mapAt(symbol.value);
    if (map === undefined) throw bad(`no map is defined at byte ${symbol.value} of .maps`);
    return { kind: 'map', index, map };
  }
  if (isLegacyMaps(section)) {
    if (!scope.maps.some(m => m.name === symbol.name)) throw bad('is not a map definition');
    return { kind: 'map', index, map: symbol.name };
  }

  const map = dataMap(scope, section.name);
  if (!map)
    throw bad(`refers to section ${section.name}, which holds neither maps, functions nor global data`);
  // The end of the last variable has an address, too, that loops compare with: the kernel refuses the program, not the others of the object.
  if (offset < 0 || offset > map.size)
    throw bad(`refers to byte ${offset} of ${section.name}, which has only ${map.size}`);
  return { kind: 'mapValue', index, map: map.name, offset };
}

function dataMap({ elf, maps }: ReferenceScope, section: string): { name: string; size: number } | undefined {
  if (section === arenaSection) {
    const arena = maps.find(m => m.type === BpfMapType.BPF_MAP_TYPE_ARENA);
    return arena && { name: arena.name, size: elf.section(section)?.size ?? 0 };
  }
  const map = maps.find(m => m.internal?.section === section);
  return map && { name: map.name, size: map.valueSize };
}

function functionAt(
  functions: Functions,
  section: Parameters<Functions['at']>[0],
  offset: number,
  bad: (reason: string) => FormatError,
): string {
  const target = functions.at(section, offset);
  if (target?.sectionOffset !== offset)
    throw bad(`refers to byte ${offset} of ${section.name}, where no function starts`);
  return target.key;
}

/** A call between functions of one section may have no relocation: `imm` is final within the section. */
function localCall(
  body: FunctionBody,
  index: number,
  insn: Insn,
  { elf, functions }: ReferenceScope,
): InsnReference {
  const offset = body.sectionOffset + (index + insn.imm + 1) * insnSize;
  const place: FormatErrorPlace = {
    file: elf.file,
    section: body.section,
    offset: body.sectionOffset + index * insnSize,
    field: `function ${body.name}`,
  };
  if (body.section !== '.text')
    throw new FormatError(
      'calls a function of its own section: only functions in .text can be called',
      place,
    );
  const func = functionAt(functions, body.elfSection, offset, reason => new FormatError(reason, place));
  return { kind: 'call', index, func };
}

function isSubprogCall({ code, src, dst, off }: Insn): boolean {
  return code === (BPF_JMP | BPF_CALL) && src === BPF_PSEUDO_CALL && dst === 0 && off === 0;
}

function placeOf(body: FunctionBody, relocation: ElfRelocation, elf: ElfFile): FormatErrorPlace {
  return {
    file: elf.file,
    section: body.section,
    offset: relocation.offset,
    field: `relocation against ${relocation.symbol.name || '(no name)'}`,
  };
}
