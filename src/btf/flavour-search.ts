import { essentialName } from './core/essential-name.js';
import { KIND } from './kinds.js';
import type { StringSection } from './string-section.js';

/** Kinds that relocations never look for, and which are most of a kernel's types. */
const skipped = [KIND.func, KIND.var, KIND.datasec, KIND.decl_tag, KIND.type_tag];
const underscore = 0x5f;
/** The kernel takes no longer names of types (KSYM_NAME_LEN); comparing longer ones could take for ever. */
const longestName = 512;

/** A name that is looked for. */
interface Wanted {
  readonly name: string;
  /** Its bytes, without a NUL. */
  readonly bytes: Uint8Array;
  readonly found: number[];
}

/**
 * Finds the types that have one of several names, flavours (`task_struct___old`) aside: by name their indexes (id - startId), ascending. One walk over
 * the types for all names: it costs a fraction of an index, and what an object looks for is known at once.
 */
export function findFlavoured(
  words: Uint32Array,
  offsets: Uint32Array,
  strings: StringSection,
  names: Iterable<string>,
): Map<string, readonly number[]> {
  const all = Array.from(new Set(names), toWanted);
  const wanted = all.filter(({ bytes }) => bytes.length > 0 && bytes.length <= longestName);
  const byStart = startTable(wanted);
  const isSkipped = new Uint8Array(128);
  for (const kind of skipped) isSkipped[kind] = 1;
  const { bytes, start } = strings;
  for (let index = 0; index < offsets.length; index++) {
    const at = offsets[index]!;
    if (isSkipped[(words[at + 1]! >>> 24) & 0x7f]) continue;
    const name = words[at]!;
    if (name < start) {
      if (name !== 0) matchText(strings.at(name), index, wanted);
      continue;
    }
    const from = name - start;
    if (byStart[bytes[from]! | (bytes[from + 1]! << 8)]) match(strings, name, index, wanted);
  }
  return new Map(all.map(({ name, found }) => [name, found]));
}

function toWanted(name: string): Wanted {
  return { name, bytes: new TextEncoder().encode(name), found: [] };
}

/** By the first two bytes of a name, whether it may be one that is wanted. */
function startTable(wanted: readonly Wanted[]): Uint8Array {
  const table = new Uint8Array(1 << 16);
  for (const { bytes } of wanted)
    for (const second of bytes.length > 1 ? [bytes[1]!] : [0, underscore])
      table[bytes[0]! | (second << 8)] = 1;
  return table;
}

function match(strings: StringSection, name: number, index: number, wanted: readonly Wanted[]): void {
  const { bytes, start } = strings;
  for (const each of wanted) {
    const { length } = each.bytes;
    const from = name - start;
    let k = 0;
    while (k < length && bytes[from + k] === each.bytes[k]) k++;
    if (k < length) continue;
    const end = from + length;
    if (bytes[end] === 0 || (isSeparator(bytes, end) && essentialName(strings.at(name)) === each.name))
      each.found.push(index);
  }
}

function isSeparator(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === underscore && bytes[at + 1] === underscore && bytes[at + 2] === underscore;
}

/** The same for a name that a split blob takes from its base. */
function matchText(name: string, index: number, wanted: readonly Wanted[]): void {
  const essential = essentialName(name);
  for (const each of wanted) if (each.name === essential) each.found.push(index);
}
