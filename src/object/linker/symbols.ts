import { type ElfSymbol, type NewSymbol, SHN_COMMON, SHN_UNDEF } from '../../elf/index.js';
import { FormatError } from '../../errors/index.js';
import { ObjectError } from '../object-error.js';
import { externDatasec, type LinkInput } from './input.js';
import type { Layout, OutputSection, Placement } from './layout.js';
import { mismatch } from './mismatch.js';

/** What one object says of a symbol that others can see. */
export interface Occurrence {
  readonly input: LinkInput;
  readonly symbol: ElfSymbol;
  readonly isExtern: boolean;
  readonly typeId: number;
  /** Where it is defined or, for an extern, declared to be; undefined for an extern that says no section. */
  readonly section: OutputSection | undefined;
}

/** A symbol that objects can see of one another, resolved. */
export interface Global {
  readonly name: string;
  /** The definition or, where there is none, the first extern. */
  holder: Occurrence;
  /** Those that held before, to which the holder lends names of parameters. */
  readonly superseded: Occurrence[];
  /** The first that said a section, and the section. */
  declared: { readonly file: string; readonly section: OutputSection } | undefined;
  bind: 'global' | 'weak';
  visibility: ElfSymbol['visibility'];
}

/** The symbols of the output. */
export interface Symbols {
  readonly symbols: readonly NewSymbol[];
  readonly globals: ReadonlyMap<string, Global>;
  /** What a symbol of an input became; undefined for one of a section that is not in the output. */
  of(symbol: ElfSymbol): NewSymbol | undefined;
}

/** From the most to the least permissive. */
const strictness: readonly ElfSymbol['visibility'][] = ['default', 'protected', 'hidden', 'internal'];

/**
 * Resolves the symbols of all inputs (libbpf: src/linker.c, linker_append_elf_sym): a definition before an extern, a strong definition before
 * a weak one, of several weak ones the first; strong when any of them is; visibility the strictest of all.
 *
 * Throws ObjectError, naming the symbol and both files, for two strong definitions and for types that do not agree.
 */
export function resolveSymbols(inputs: readonly LinkInput[], layout: Layout): Symbols {
  const globals = new Map<string, Global>();
  /** The output symbols in order of first appearance; those of globals are known when all inputs have been seen. */
  const order: (NewSymbol | Global)[] = [];
  const became = new Map<ElfSymbol, NewSymbol | Global>();
  const sectionSymbols = new Map<OutputSection, NewSymbol>();

  for (const input of inputs) {
    const names = new Set<string>();
    for (const symbol of input.elf.symbols.slice(1)) {
      checkSymbol(symbol, input);
      const place = layout.place(symbol.section && input.section(symbol.section));
      if (symbol.section && !place) continue;
      const made = place && sectionSymbols.get(place.target);
      if (symbol.type === 'section' && made) {
        became.set(symbol, made);
        continue;
      }
      // Names of jump tables are the compiler's own and need not differ from object to object.
      if (symbol.bind === 'local' || place?.target.name === '.jumptables') {
        const own = ownSymbol(symbol, place);
        if (symbol.type === 'section' && place) sectionSymbols.set(place.target, own);
        order.push(own);
        became.set(symbol, own);
        continue;
      }
      if (names.has(symbol.name)) throw badSymbol('is in the symbol table twice', symbol, input);
      names.add(symbol.name);
      const known = globals.get(symbol.name);
      const global = merge(known, occurrence(input, symbol, layout, place?.target));
      if (!known) {
        globals.set(symbol.name, global);
        order.push(global);
      }
      became.set(symbol, global);
    }
  }

  const resolved = new Map([...globals.values()].map(global => [global, resolve(global, layout)]));
  const final = (of: NewSymbol | Global) => ('holder' in of ? (resolved.get(of) as NewSymbol) : of);
  return {
    symbols: order.map(final),
    globals,
    of: symbol => {
      const found = became.get(symbol);
      return found && final(found);
    },
  };
}

/** A symbol that no other object can see; that of a section is at its start. */
function ownSymbol(symbol: ElfSymbol, place: Placement | undefined): NewSymbol {
  const moved = symbol.type === 'section' ? 0 : (place?.offset ?? 0);
  return { ...symbol, value: symbol.value + moved, section: place?.target ?? symbol.shndx };
}

function checkSymbol(symbol: ElfSymbol, input: LinkInput): void {
  const { bind, type, value, size, shndx } = symbol;
  const bad = (reason: string) => badSymbol(reason, symbol, input);
  if (bind !== 'local' && bind !== 'global' && bind !== 'weak') throw bad(`unknown binding ${bind}`);
  if (shndx === SHN_COMMON) throw bad('a common symbol, which has no section yet: compile with -fno-common');
  if (shndx === SHN_UNDEF && (type !== 'notype' || bind === 'local' || value !== 0 || size !== 0))
    throw bad('is not defined, but not an extern either');
  if (type === 'section' && value !== 0) throw bad(`a section symbol at byte ${value} of its section`);
}

function badSymbol(reason: string, { name, index }: ElfSymbol, { file }: LinkInput): FormatError {
  return new FormatError(reason, { file, section: '.symtab', field: `symbol ${name || index}` });
}

function occurrence(
  input: LinkInput,
  symbol: ElfSymbol,
  layout: Layout,
  definedIn: OutputSection | undefined,
): Occurrence {
  const { name } = symbol;
  const declaration = input.declarations.get(name);
  if (!declaration)
    throw new ObjectError(
      input.file,
      `symbol ${name}`,
      input.btf
        ? 'BTF has neither a variable nor a function of this name, without which it cannot be linked'
        : 'it has no BTF, without which it cannot be linked: compile with -g',
    );
  const { typeId, datasec } = declaration;
  const isExtern = symbol.shndx === SHN_UNDEF;
  const listedIn = datasec === externDatasec || datasec === undefined ? undefined : input.section(datasec);
  return {
    input,
    symbol,
    isExtern,
    typeId,
    section: isExtern ? layout.place(listedIn)?.target : definedIn,
  };
}

function merge(global: Global | undefined, next: Occurrence): Global {
  const { symbol, isExtern, input } = next;
  const { name } = symbol;
  const bind = symbol.bind === 'weak' ? 'weak' : 'global';
  const declared = isExtern && next.section ? { file: input.file, section: next.section } : undefined;
  if (!global) return { name, holder: next, superseded: [], declared, bind, visibility: symbol.visibility };

  const { holder } = global;
  if (!isExtern && !holder.isExtern && bind === 'global' && holder.symbol.bind === 'global')
    throw new ObjectError(
      input.file,
      `symbol ${name}`,
      `${holder.input.file} defines it, too: make one of them static, weak or extern`,
    );
  const differs = mismatch(name, holder, next);
  if (differs)
    throw new ObjectError(
      input.file,
      `symbol ${name}`,
      `${differs} in ${holder.input.file}: give both the same type`,
    );
  if (bind === 'global') global.bind = 'global';
  if (strictness.indexOf(symbol.visibility) > strictness.indexOf(global.visibility))
    global.visibility = symbol.visibility;
  if (!isExtern && (holder.isExtern || (holder.symbol.bind === 'weak' && bind === 'global'))) {
    global.superseded.push(holder);
    global.holder = next;
  }
  global.declared ??= declared;
  return global;
}

function resolve({ name, holder, declared, bind, visibility }: Global, layout: Layout): NewSymbol {
  const { symbol, input, section } = holder;
  if (declared && section && declared.section !== section)
    throw new ObjectError(
      declared.file,
      `symbol ${name}`,
      `declared in section ${declared.section.name}, but in ${section.name} in ${input.file}`,
    );
  const offset = layout.place(symbol.section && input.section(symbol.section))?.offset ?? 0;
  return {
    name,
    value: symbol.value + offset,
    size: symbol.size,
    type: symbol.type,
    bind,
    visibility,
    section: symbol.section ? (section as OutputSection) : symbol.shndx,
  };
}
