import { type BtfDatasec, BtfEditor, type BtfTypes, btfKind } from '../btf/index.js';
import type { ElfFile, ElfSymbol } from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import { kconfigLayout } from './externs.js';
import type { ExternSpec } from './types.js';

/** `BTF_VAR_*` and `BTF_FUNC_*` linkage. */
const staticLinkage = 0;
const globalLinkage = 1;

type Word = 0 | 1 | 2;
/** The words of one `struct btf_var_secinfo`. */
const secinfo = { type: 0, offset: 1, size: 2 } as const satisfies Record<string, Word>;

/**
 * Fills in what the compiler leaves to the loader, as libbpf does (src/libbpf.c, bpf_object_fixup_btf): sizes of data sections and
 * offsets of variables from the ELF file, variables and functions of hidden visibility made static, externs made variables that the kernel accepts.
 * Returns the BTF blob to parse and load.
 */
export function fixupBtf(btf: BtfTypes, elf: ElfFile, externs: readonly ExternSpec[]): Uint8Array {
  const editor = new BtfEditor(btf);
  const globals = new Map<string, ElfSymbol>();
  for (const symbol of elf.symbols)
    if (symbol.type === 'object' && (symbol.bind === 'global' || symbol.bind === 'weak'))
      if (!globals.has(symbol.name)) globals.set(symbol.name, symbol);

  for (const id of btf.idsOfKind('datasec')) {
    const type = btf.type(id);
    if (type.kind !== 'datasec') continue;
    if (type.name === '.kconfig') fixupKconfig(editor, btf, type, externs, elf);
    else if (type.name === '.ksyms') fixupKsyms(editor, btf, type, externs, elf);
    else fixupDatasec(editor, btf, type, globals, elf);
    sortVars(editor, type);
  }
  fixupHiddenFunctions(editor, btf, elf);
  return editor.result;
}

function fixupDatasec(
  editor: BtfEditor,
  btf: BtfTypes,
  datasec: BtfDatasec,
  globals: ReadonlyMap<string, ElfSymbol>,
  elf: ElfFile,
): void {
  const place = { file: elf.file, section: '.BTF', field: `DATASEC ${datasec.name}` };
  // A static linker has filled in size and offsets already.
  const unfilled = datasec.size === 0;
  if (unfilled) {
    const size = elf.section(datasec.name)?.size;
    if (!size) throw new FormatError('describes a section that is not in the file, or is empty', place);
    editor.setSizeOrType(datasec.id, size);
  }
  for (const [index, { type }] of datasec.vars.entries()) {
    const variable = btf.type(type);
    if (variable.kind !== 'var')
      throw new FormatError(`holds a ${variable.kind} where variables belong`, place);
    if (variable.linkage !== 'global') continue;
    const symbol = globals.get(variable.name);
    if (!symbol)
      throw new FormatError(`variable ${variable.name} has no symbol: was the file stripped?`, place);
    if (unfilled) setSecinfo(editor, datasec.id, index, 'offset', symbol.value);
    if (isHidden(symbol)) editor.setExtra(type, 0, staticLinkage);
  }
}

function fixupKconfig(
  editor: BtfEditor,
  btf: BtfTypes,
  datasec: BtfDatasec,
  externs: readonly ExternSpec[],
  elf: ElfFile,
): void {
  const { offsets, size } = kconfigLayout(btf, externs);
  editor.setSizeOrType(datasec.id, size);
  for (const [index, { type }] of datasec.vars.entries()) {
    const { name } = btf.type(type);
    const offset = offsets.get(name);
    if (offset === undefined) throw noSymbol(elf, datasec, name);
    editor.setExtra(type, 0, globalLinkage);
    setSecinfo(editor, datasec.id, index, 'offset', offset);
  }
}

/** Each extern becomes an `int`, because the kernel takes no extern variables; kfuncs become global functions beside a variable `dummy_ksym`. */
function fixupKsyms(
  editor: BtfEditor,
  btf: BtfTypes,
  datasec: BtfDatasec,
  externs: readonly ExternSpec[],
  elf: ElfFile,
): void {
  const place = { file: elf.file, section: '.BTF', field: `DATASEC ${datasec.name}` };
  const int = findInt(btf);
  if (int === undefined)
    throw new FormatError('there is no 4-byte integer type to describe externs by', place);
  let dummy: { readonly type: number; readonly name: number } | undefined;
  const dummyVar = () => {
    const name = editor.addString('dummy_ksym');
    return { type: editor.addType([name, btfKind.var << 24, int, globalLinkage]), name };
  };

  for (const [index, { type }] of datasec.vars.entries()) {
    const declared = btf.type(type);
    if (!externs.some(e => e.name === declared.name)) throw noSymbol(elf, datasec, declared.name);
    if (declared.kind === 'func') {
      dummy ??= dummyVar();
      nameParams(editor, btf, declared.type, dummy.name);
      setSecinfo(editor, datasec.id, index, 'type', dummy.type);
      editor.setVlen(type, globalLinkage);
    } else {
      editor.setExtra(type, 0, globalLinkage);
      editor.setSizeOrType(type, int);
    }
    setSecinfo(editor, datasec.id, index, 'offset', index * 4);
    setSecinfo(editor, datasec.id, index, 'size', 4);
  }
  editor.setSizeOrType(datasec.id, datasec.vars.length * 4);
}

/** The kernel wants a name for every parameter of a function that is not static. */
function nameParams(editor: BtfEditor, btf: BtfTypes, protoId: number, name: number): void {
  const proto = btf.type(protoId);
  if (proto.kind !== 'func_proto') return;
  for (const [index, param] of proto.params.entries())
    if (param.type !== 0 && param.name === '') editor.setExtra(protoId, index * 2, name);
}

/** A hidden function is checked by the verifier together with its callers, as a static one is. */
function fixupHiddenFunctions(editor: BtfEditor, btf: BtfTypes, elf: ElfFile): void {
  for (const symbol of elf.symbols) {
    if (symbol.type !== 'func' || symbol.bind === 'local' || !isHidden(symbol)) continue;
    if (symbol.section?.name !== '.text') continue;
    const id = btf
      .findAllByName(symbol.name, 'func')
      .find(id => (btf.type(id) as { linkage?: unknown }).linkage === 'global');
    if (id !== undefined) editor.setVlen(id, staticLinkage);
  }
}

function isHidden({ visibility }: ElfSymbol): boolean {
  return visibility === 'hidden' || visibility === 'internal';
}

function setSecinfo(
  editor: BtfEditor,
  datasecId: number,
  index: number,
  field: keyof typeof secinfo,
  value: number,
): void {
  editor.setExtra(datasecId, index * 3 + secinfo[field], value);
}

function sortVars(editor: BtfEditor, datasec: BtfDatasec): void {
  const words = (index: number) => [0, 1, 2].map(word => editor.extra(datasec.id, index * 3 + word));
  const vars = datasec.vars.map((_, index) => words(index));
  vars.sort((a, b) => (a[secinfo.offset] as number) - (b[secinfo.offset] as number));
  for (const [index, words] of vars.entries())
    for (const [word, value] of words.entries()) editor.setExtra(datasec.id, index * 3 + word, value);
}

function findInt(btf: BtfTypes): number | undefined {
  for (const id of btf.idsOfKind('int')) {
    const type = btf.type(id);
    if (type.kind === 'int' && type.bits === 32) return id;
  }
  return undefined;
}

function noSymbol(elf: ElfFile, datasec: BtfDatasec, name: string): FormatError {
  return new FormatError(`extern ${name} has no symbol in the file`, {
    file: elf.file,
    section: '.BTF',
    field: `DATASEC ${datasec.name}`,
  });
}
