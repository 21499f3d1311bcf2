import type { BtfType, BtfTypes } from '../types.js';
import { type DumpedType, type DumpOptions, dumpType, ownIds } from './dump-json.js';

/** All types of a BTF blob (without its base), or those given, line by line as `bpftool btf dump … format raw` prints them. Throws FormatError for an id that is not there. */
export function* dumpRaw(btf: BtfTypes, { roots }: DumpOptions = {}): Generator<string, void, undefined> {
  for (const id of roots ?? ownIds(btf)) {
    const type = btf.type(id);
    const { id: _, kind, name, members, values, params, vars, ...fields } = dumpType(type);
    // The one comma in bpftool's raw dump is behind a variable's type.
    const shown = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
    yield `[${id}] ${kind} '${name}' ${shown.join(type.kind === 'var' ? ', ' : ' ')}`;
    yield* elements(btf, type, { members, values, params, vars });
  }
}

type Elements = Record<'members' | 'values' | 'params' | 'vars', unknown>;

function* elements(
  btf: BtfTypes,
  type: BtfType,
  { members, params }: Elements,
): Generator<string, void, undefined> {
  const suffix = type.kind !== 'enum64' ? '' : type.signed ? 'LL' : 'ULL';
  if (type.kind === 'enum' || type.kind === 'enum64')
    for (const { name, value } of type.values) yield `\t'${name}' val=${value}${suffix}`;
  else if (type.kind === 'datasec')
    for (const { type: id, offset, size } of type.vars)
      yield `\ttype_id=${id} offset=${offset} size=${size}${variable(btf.type(id))}`;
  else
    for (const { name, ...fields } of (members ?? params ?? []) as DumpedType[]) {
      const shown = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
      yield `\t'${name}' ${shown.join(' ')}`;
    }
}

function variable(type: BtfType): string {
  if (type.kind === 'var') return ` (VAR '${type.name}')`;
  return type.kind === 'func' ? ` (FUNC '${type.name}')` : '';
}
