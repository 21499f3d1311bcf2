import type { Btf } from '../../btf/index.js';
import { type MapDef, parseMapDef } from '../map-def.js';
import type { Occurrence } from './symbols.js';
import { TypeMatcher } from './type-matcher.js';

/**
 * In what the types of a global in two objects disagree, as `it is … here and …`, to be followed by the place of the first; undefined when
 * they agree (libbpf: src/linker.c, glob_syms_match). Throws FormatError for a map definition that is none.
 */
export function mismatch(name: string, first: Occurrence, second: Occurrence): string | undefined {
  const [a, b] = [btfOf(first), btfOf(second)];
  const maps = [first, second].some(({ section }) => section?.name === '.maps');
  if (!maps || a.type(first.typeId).kind !== 'var' || b.type(second.typeId).kind !== 'var')
    return new TypeMatcher(a, b).mismatch(first.typeId, second.typeId);
  return mapMismatch(a, mapDef(name, first), b, mapDef(name, second));
}

function btfOf({ input }: Occurrence): Btf {
  return input.btf as Btf;
}

function mapDef(map: string, { input, typeId }: Occurrence): MapDef | undefined {
  const btf = input.btf as Btf;
  const variable = btf.type(typeId);
  const struct = variable.kind === 'var' ? btf.resolved(variable.type) : undefined;
  return struct?.kind === 'struct' ? parseMapDef(btf, struct, { file: input.file, map }) : undefined;
}

const numbers = [
  ['type', 'type'],
  ['key_size', 'keySize'],
  ['value_size', 'valueSize'],
  ['max_entries', 'maxEntries'],
  ['map_flags', 'flags'],
  ['map_extra', 'mapExtra'],
  ['numa_node', 'numaNode'],
  ['pinning', 'pinning'],
] as const satisfies readonly (readonly [string, keyof MapDef])[];

const types = [
  ['key', 'keyTypeId'],
  ['value', 'valueTypeId'],
] as const satisfies readonly (readonly [string, keyof MapDef])[];

/** An extern map has to say all that the definition says (libbpf: map_defs_match). */
function mapMismatch(
  a: Btf,
  first: MapDef | undefined,
  b: Btf,
  second: MapDef | undefined,
): string | undefined {
  if (!first || !second)
    return first === second ? undefined : 'only one of them has a map definition, not the one';
  for (const [name, field] of numbers)
    if ((first[field] ?? 0) !== (second[field] ?? 0))
      return `its ${name} is ${second[field] ?? 0} here and ${first[field] ?? 0}`;
  for (const [name, field] of types) {
    if ((first[field] === 0) !== (second[field] === 0))
      return `its ${name} type is ${second[field] ? '' : 'not '}given here and ${first[field] ? '' : 'not '}given`;
    const differs = new TypeMatcher(a, b).mismatch(first[field], second[field]);
    if (differs) return `${name}: ${differs}`;
  }
  if (!first.inner !== !second.inner)
    return `its inner map is ${second.inner ? '' : 'not '}given here and ${first.inner ? '' : 'not '}given`;
  const inner = first.inner && mapMismatch(a, first.inner, b, second.inner);
  return inner && `inner map: ${inner}`;
}
