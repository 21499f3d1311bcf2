import { Btf, BtfEditor, BtfMerger } from '../../btf/index.js';
import { isGlobal, type LinkInput } from './input.js';
import type { Layout } from './layout.js';
import { mergeDatasecs } from './merge-datasecs.js';
import type { Global, Symbols } from './symbols.js';

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
  for (const datasec of mergeDatasecs(inputs, layout, symbols, ids)) merger.addType(datasec);

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
