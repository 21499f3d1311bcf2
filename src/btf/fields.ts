import { KIND_NAMES, kindOf, TRAILING, vlenOf } from './kinds.js';

/** Where the words of a kind are that are no numbers but refer to a type or a string. The first word of all kinds is the name. */
interface Fields {
  /** The third word is a type id. */
  readonly ref: boolean;
  /** Type ids among the words that follow once. */
  readonly types: number;
  /** Words of an element, and which of them is a name and which a type id; -1 for none. */
  readonly each: number;
  readonly name: number;
  readonly type: number;
}

const FIELDS: readonly Fields[] = KIND_NAMES.map((kind, number) => {
  const { each } = TRAILING[number] as { each: number };
  const none = { ref: false, types: 0, each, name: -1, type: -1 };
  switch (kind) {
    case 'array':
      return { ...none, types: 2 };
    case 'struct':
    case 'union':
      return { ...none, name: 0, type: 1 };
    case 'enum':
    case 'enum64':
      return { ...none, name: 0 };
    case 'func_proto':
      return { ...none, ref: true, name: 0, type: 1 };
    case 'datasec':
      return { ...none, type: 0 };
    case 'void':
    case 'int':
    case 'fwd':
    case 'float':
      return none;
    default:
      return { ...none, ref: true };
  }
});

/** Words that the type at word `at` takes: `struct btf_type` and what follows by its kind. */
export function wordCount(words: Uint32Array, at: number): number {
  const info = words[at + 1] as number;
  const { fixed, each } = TRAILING[kindOf(info)] as { fixed: number; each: number };
  return 3 + fixed + each * vlenOf(info);
}

/** Replaces every type id that the type at word `at` refers to, in the order of its words. */
export function mapTypeIds(words: Uint32Array, at: number, replace: (id: number) => number): void {
  const info = words[at + 1] as number;
  const { ref, types, each, type } = FIELDS[kindOf(info)] as Fields;
  if (ref) words[at + 2] = replace(words[at + 2] as number);
  for (let i = at + 3; i < at + 3 + types; i++) words[i] = replace(words[i] as number);
  if (type < 0) return;
  const end = at + 3 + each * vlenOf(info);
  for (let i = at + 3 + type; i < end; i += each) words[i] = replace(words[i] as number);
}

/** Replaces the offset of every string that the type at word `at` names: its own name, then those of its elements. */
export function mapStrings(words: Uint32Array, at: number, replace: (offset: number) => number): void {
  words[at] = replace(words[at] as number);
  const info = words[at + 1] as number;
  const { each, name } = FIELDS[kindOf(info)] as Fields;
  if (name < 0) return;
  const end = at + 3 + each * vlenOf(info);
  for (let i = at + 3 + name; i < end; i += each) words[i] = replace(words[i] as number);
}
