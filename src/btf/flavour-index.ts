import { essentialName } from './core/essential-name.js';
import { KIND } from './kinds.js';
import type { StringSection } from './string-section.js';

/** Kinds that relocations never look for, and which are most of a kernel's types. */
const skipped = new Set<number>([KIND.func, KIND.var, KIND.datasec, KIND.decl_tag, KIND.type_tag]);

/** The types whose names have a flavour (`task_struct___old`), by their names without it; indexes (id - startId), ascending. There are few, so all are kept. */
export function indexFlavours(
  words: Uint32Array,
  offsets: Uint32Array,
  strings: StringSection,
): ReadonlyMap<string, readonly number[]> {
  const flavours = new Map<string, number[]>();
  for (let index = 0; index < offsets.length; index++) {
    const at = offsets[index] as number;
    const name = words[at] as number;
    if (name === 0 || skipped.has(((words[at + 1] as number) >>> 24) & 0x7f)) continue;
    if (!strings.hasTripleUnderscore(name)) continue;
    const full = strings.at(name);
    const essential = essentialName(full);
    if (essential === full) continue;
    const list = flavours.get(essential);
    if (list) list.push(index);
    else flavours.set(essential, [index]);
  }
  return flavours;
}
