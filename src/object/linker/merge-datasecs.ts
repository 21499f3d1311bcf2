import type { Btf, BtfDatasec, BtfSecinfo } from '../../btf/index.js';
import { FormatError } from '../../errors/index.js';
import { type InputSection, isGlobal, type LinkInput } from './input.js';
import type { Layout, OutputSection, Placement } from './layout.js';
import type { Global, Occurrence, Symbols } from './symbols.js';

/** The DATASECs of the output's sections, variables in order of their place; one for each section that an input has one of. */
export function mergeDatasecs(
  inputs: readonly LinkInput[],
  layout: Layout,
  symbols: Symbols,
  ids: (input: LinkInput) => Uint32Array,
): BtfDatasec[] {
  const vars = new Map<OutputSection, BtfSecinfo[]>();
  const listed = new Set<Global>();
  for (const input of inputs)
    for (const section of input.sections) {
      const place = layout.place(section);
      if (!section.datasec || !place) continue;
      const list = vars.get(place.target) ?? [];
      vars.set(place.target, list);
      for (const secinfo of variables(input, section, place, layout, symbols, ids(input), listed))
        list.push(secinfo);
    }
  return layout.sections.flatMap(section => {
    const list = vars.get(section);
    if (!list) return [];
    list.sort((a, b) => a.offset - b.offset);
    return { kind: 'datasec', id: 0, name: section.name, size: section.inElf ? section.size : 0, vars: list };
  });
}

function* variables(
  input: LinkInput,
  { name, datasec }: InputSection,
  { target, offset }: Placement,
  layout: Layout,
  { globals }: Symbols,
  ids: Uint32Array,
  listed: Set<Global>,
): Generator<BtfSecinfo> {
  const btf = input.btf as Btf;
  for (const secinfo of datasec?.vars ?? []) {
    const type = ids[secinfo.type] ?? 0;
    if (!isGlobal(btf, secinfo.type)) {
      if (type === 0)
        throw new FormatError(`lists type ${secinfo.type}, which is no variable`, {
          file: input.file,
          section: '.BTF',
          field: `DATASEC ${name}`,
        });
      yield { type, offset: offset + secinfo.offset, size: secinfo.size };
      continue;
    }
    const global = globals.get(btf.type(secinfo.type).name);
    // A weak definition elsewhere may have lost against one in this section, or the other way round.
    if (!global || listed.has(global) || global.holder.section !== target) continue;
    listed.add(global);
    yield { type, ...extent(global.holder, layout, secinfo) };
  }
}

/** Where the holder's own DATASEC and symbol say that the variable is. */
function extent({ input, symbol, isExtern }: Occurrence, layout: Layout, fallback: BtfSecinfo) {
  const { size } = input.declarations.get(symbol.name)?.secinfo ?? fallback;
  const place = layout.place(symbol.section && input.section(symbol.section));
  return { offset: isExtern ? 0 : symbol.value + (place?.offset ?? 0), size };
}
