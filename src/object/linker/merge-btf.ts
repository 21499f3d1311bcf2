import type { Btf, BtfDatasec, BtfSecinfo, BtfType } from '../../btf/index.js';
import { FormatError } from '../../errors/index.js';
import { isGlobal, type LinkInput } from './input.js';
import type { Layout, OutputSection } from './layout.js';
import type { Global, Occurrence, Symbols } from './symbols.js';
import { withTypeIds } from './type-refs.js';

/** The types of all inputs, one after another. */
export interface MergedTypes {
  /** The first has id 1. */
  readonly types: readonly BtfType[];
  /** Ids of an input's types in `types`, by their id; 0 for void and for those left out. */
  ids(input: LinkInput): Uint32Array;
}

/**
 * Appends the types of all inputs. A global is one VAR or FUNC, described by its definition; the DATASECs are made anew for the sections of
 * the output. Variables of sections that are not in the output are left out, and so are the tags on them.
 */
export function mergeTypes(inputs: readonly LinkInput[], layout: Layout, symbols: Symbols): MergedTypes {
  const maps = new Map<LinkInput, Uint32Array>();
  const kept: { readonly input: LinkInput; readonly type: BtfType }[] = [];
  const globalIds = new Map<string, number>();
  for (const input of inputs) {
    const { btf } = input;
    if (!btf) continue;
    const ids = new Uint32Array(btf.endId);
    maps.set(input, ids);
    for (let id = btf.startId; id < btf.endId; id++) {
      const type = btf.type(id);
      if (type.kind === 'datasec' || isLeftOut(type, btf, symbols)) continue;
      const merged = isGlobal(btf, id) ? globalIds.get(type.name) : undefined;
      ids[id] = merged ?? kept.push({ input, type });
      if (merged === undefined && isGlobal(btf, id)) globalIds.set(type.name, ids[id] as number);
    }
  }

  const idsOf = (input: LinkInput) => maps.get(input) as Uint32Array;
  const types = kept.map(({ input, type }): BtfType => {
    const global =
      globalIds.get(type.name) !== undefined && isGlobal(input.btf as Btf, type.id)
        ? symbols.globals.get(type.name)
        : undefined;
    if (!global) return remap(type, input, idsOf(input));
    const { input: from, typeId } = global.holder;
    return remap((from.btf as Btf).type(typeId), from, idsOf(from));
  });
  for (const { holder, superseded } of symbols.globals.values())
    for (const earlier of superseded) nameParams(types, protoOf(earlier, idsOf), protoOf(holder, idsOf));
  for (const section of layout.sections) {
    const datasec = makeDatasec(section, inputs, layout, symbols, idsOf);
    if (datasec) types.push({ ...datasec, id: types.length + 1 });
  }
  return { types, ids: idsOf };
}

function isLeftOut(type: BtfType, btf: Btf, { globals }: Symbols): boolean {
  const subject = type.kind === 'decl_tag' ? btf.type(type.type) : type;
  return isGlobal(btf, subject.id) && !globals.has(subject.name);
}

function remap(type: BtfType, { file }: LinkInput, ids: Uint32Array): BtfType {
  return withTypeIds(type, id => {
    const merged = ids[id];
    if (merged === undefined || (merged === 0 && id !== 0))
      throw new FormatError(`refers to type ${id}, which no such type can refer to`, {
        file,
        section: '.BTF',
        field: `${type.kind} ${type.name || type.id}`,
      });
    return merged;
  });
}

function protoOf(
  { input, typeId }: Occurrence,
  idsOf: (input: LinkInput) => Uint32Array,
): number | undefined {
  const type = (input.btf as Btf).type(typeId);
  return type.kind === 'func' ? idsOf(input)[type.type] : undefined;
}

/** Externs have no names of parameters; with those of the definition, the two prototypes are one type when duplicates are removed. */
function nameParams(types: BtfType[], to: number | undefined, from: number | undefined): void {
  if (to === undefined || from === undefined) return;
  const [proto, named] = [types[to - 1], types[from - 1]];
  if (proto?.kind !== 'func_proto' || named?.kind !== 'func_proto') return;
  types[to - 1] = {
    ...proto,
    params: proto.params.map((param, i) => ({ ...param, name: named.params[i]?.name || param.name })),
  };
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
