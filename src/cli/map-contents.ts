import type { BtfValue } from '../btf/index.js';
import { ArrayMap, HashMap, LpmTrie, LruHashMap, PercpuMap, sumPercpu } from '../maps/index.js';
import type { GlobalSpec, MapSpec, ObjectSpec } from '../object/index.js';
import type { BpfObject } from '../programs/index.js';
import { json } from './output.js';

export interface MapEntry {
  readonly key: unknown;
  readonly value: unknown;
  /** Functions of the stacks that fields of the key or the value are ids of, innermost first. */
  readonly stacks?: Readonly<Record<string, readonly string[]>>;
}

/** What is in a map, or in the global variables of a data section. */
export type Contents =
  | { readonly map: string; readonly entries: readonly MapEntry[] }
  | { readonly map: string; readonly globals: Readonly<Record<string, BtfValue>> };

/** True for a map whose entries are something to look at: a hash or an array that is the program's own. */
export function isReadable(map: unknown): map is HashMap | ArrayMap | LruHashMap | LpmTrie | PercpuMap {
  return [HashMap, ArrayMap, LruHashMap, LpmTrie, PercpuMap].some(kind => map instanceof kind);
}

/** The entries of an object's hashes and arrays, then the variables of its `.data` and `.bss`, in the object's order. Values of CPUs are added up. */
export function* readContents(object: BpfObject): Generator<Contents> {
  const { spec } = object;
  for (const { name, internal } of spec.maps) {
    const map = object.maps[name];
    if (internal || !isReadable(map)) continue;
    const entries: MapEntry[] = [];
    for (const [key, value] of map.entries()) entries.push({ key, value: summed(map, value) });
    yield { map: name, entries };
  }
  for (const section of spec.maps.filter(isVariable)) {
    const globals = spec.globals.filter(global => global.map === section.name && isShown(spec, global));
    const values = globals.flatMap(({ name }) => {
      const value = object.globals[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    if (values.length > 0) yield { map: section.name, globals: Object.fromEntries(values) };
  }
}

/** One JSON document. */
export function contentsJson(contents: Contents, stamp: Readonly<Record<string, string>> = {}): string {
  return json({ ...stamp, ...contents });
}

function isVariable({ internal }: MapSpec): boolean {
  return internal?.kind === 'bss' || internal?.kind === 'data';
}

/** Pointers are there to keep a type in the BTF, and an all-zero struct is what maps are initialised from. */
function isShown({ btf }: ObjectSpec, { name, typeId }: GlobalSpec): boolean {
  return btf !== undefined && btf.resolved(typeId).kind !== 'ptr' && !/^(zero|initial)_?/.test(name);
}

function summed(map: unknown, value: unknown): unknown {
  if (!(map instanceof PercpuMap) || !Array.isArray(value)) return value;
  try {
    return sumPercpu(value);
  } catch (error) {
    // Text and flags cannot be added up: those of each CPU, then.
    if (error instanceof TypeError) return value;
    throw error;
  }
}
