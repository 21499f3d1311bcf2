import { Btf, type BtfDatasec, BtfEditor, BtfMerger, type BtfSecinfo } from '../../btf/index.js';
import { FormatError } from '../../errors/index.js';
import { isGlobal, type LinkInput } from './input.js';
import type { Layout, OutputSection } from './layout.js';
import type { Global, Occurrence, Symbols } from './symbols.js';

/** `BTF_VAR_GLOBAL_ALLOCATED` and `BTF_FUNC_GLOBAL`. */
const globalLinkage = 1;
const wordsPerParam = 2;

/** The types of all inputs, one after another. */
export interface MergedTypes {
  readonly btf: Btf;
  /** Ids of an input's types in `btf`, by their id; 0 for void and for those left out. */
  ids(input: LinkInput): Uint32Array;
}

/**
 * Appends the types of all inputs. A global is one VAR or FUNC, described by its definition; the DATASECs are made anew for the sections of
 * the output. Variables of sections that are not in the output are left out, and so are the tags on them.
 */
export function mergeTypes(inputs: readonly LinkInput[], layout: Layout, symbols: Symbols): MergedTypes {
  const merger = new BtfMerger(inputs[0]?.elf.endian ?? 'little');
  const maps = new Map<LinkInput, Uint32Array>();
  const globalIds = new Map<string, number>();
  for (const input of inputs) {
    const { btf } = input;
    if (!btf) continue;
    const added = merger.add(btf, (id, kind) => {
      if (kind === 'datasec') return 0;
      if (kind === 'decl_tag') return isLeftOut(subjectOf(btf, id), btf, symbols) ? 0 : undefined;
      if (!isGlobal(btf, id)) return undefined;
      if (isLeftOut(id, btf, symbols)) return 0;
      const { name } = btf.type(id);
      const merged = globalIds.get(name);
      if (merged === undefined) globalIds.set(name, merger.nextId);
      return merged;
    });
    maps.set(input, added);
  }
  const ids = (input: LinkInput) => maps.get(input) as Uint32Array;
  for (const section of layout.sections) {
    const datasec = makeDatasec(section, inputs, layout, symbols, ids);
    if (datasec) merger.addType(datasec);
  }

  const editor = new BtfEditor(Btf.parse(merger.bytes()));
  for (const global of symbols.globals.values())
    if (global.superseded.length > 0) describe(global, globalIds.get(global.name) as number, editor, ids);
  return { btf: Btf.parse(editor.result), ids };
}

function subjectOf(btf: Btf, tagId: number): number {
  return (btf.type(tagId) as { readonly type: number }).type;
}

function isLeftOut(id: number, btf: Btf, { globals }: Symbols): boolean {
  return isGlobal(btf, id) && !globals.has(btf.type(id).name);
}

/** Makes the VAR or FUNC, appended as its first occurrence has it, that of the definition. */
function describe(
  { holder, superseded }: Global,
  id: number,
  editor: BtfEditor,
  ids: (input: LinkInput) => Uint32Array,
): void {
  const type = (holder.input.btf as Btf).type(holder.typeId);
  if (type.kind !== 'var' && type.kind !== 'func') return;
  const own = ids(holder.input)[type.type] as number;
  editor.setSizeOrType(id, own);
  if (type.kind === 'var') {
    editor.setExtra(id, 0, globalLinkage);
    return;
  }
  editor.setVlen(id, globalLinkage);
  const proto = (holder.input.btf as Btf).type(type.type);
  if (proto.kind !== 'func_proto') return;
  // Externs have no names of parameters; with those of the definition, the two prototypes are one type when duplicates are removed.
  for (const earlier of superseded) {
    const declared = (earlier.input.btf as Btf).type(earlier.typeId) as { readonly type: number };
    const other = ids(earlier.input)[declared.type] as number;
    for (const [i, { name }] of proto.params.entries())
      if (name) editor.setExtra(other, i * wordsPerParam, editor.extra(own, i * wordsPerParam));
  }
}

/** The DATASEC of an output section, its variables in order of their place; undefined when no input has one. */
function makeDatasec(
  target: OutputSection,
  inputs: readonly LinkInput[],
  layout: Layout,
  { globals }: Symbols,
  idsOf: (input: LinkInput) => Uint32Array,
): BtfDatasec | undefined {
  const vars: BtfSecinfo[] = [];
  const listed = new Set<Global>();
  let described = false;
  for (const input of inputs)
    for (const section of input.sections) {
      const place = layout.place(section);
      if (!section.datasec || place?.target !== target) continue;
      described = true;
      for (const secinfo of section.datasec.vars) {
        const type = idsOf(input)[secinfo.type] ?? 0;
        if (!isGlobal(input.btf as Btf, secinfo.type)) {
          if (type === 0)
            throw new FormatError(`lists type ${secinfo.type}, which is no variable`, {
              file: input.file,
              section: '.BTF',
              field: `DATASEC ${target.name}`,
            });
          vars.push({ type, offset: place.offset + secinfo.offset, size: secinfo.size });
          continue;
        }
        const global = globals.get((input.btf as Btf).type(secinfo.type).name);
        // A weak definition elsewhere may have lost against one in this section, or the other way round.
        if (!global || listed.has(global) || global.holder.section !== target) continue;
        listed.add(global);
        vars.push({ type, ...extent(global.holder, layout, secinfo) });
      }
    }
  if (!described) return undefined;
  vars.sort((a, b) => a.offset - b.offset);
  return { kind: 'datasec', id: 0, name: target.name, size: target.inElf ? target.size : 0, vars };
}

/** Where the holder's own DATASEC and symbol say that the variable is. */
function extent({ input, symbol, isExtern }: Occurrence, layout: Layout, fallback: BtfSecinfo) {
  const { size } = input.declarations.get(symbol.name)?.secinfo ?? fallback;
  const place = layout.place(symbol.section && input.section(symbol.section));
  return { offset: isExtern ? 0 : symbol.value + (place?.offset ?? 0), size };
}
