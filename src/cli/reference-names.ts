import type { FunctionSpec, InsnReference, MapSpec, ObjectSpec } from '../object/index.js';

/** Names what the instructions of a function refer to, by slot. */
export function referenceNames(spec: ObjectSpec, f: FunctionSpec): (index: number) => string | undefined {
  const bySlot = new Map(f.references.map(reference => [reference.index, reference]));
  return index => {
    const reference = bySlot.get(index);
    return reference && text(spec, reference);
  };
}

function text(spec: ObjectSpec, reference: InsnReference): string {
  switch (reference.kind) {
    case 'map':
      return `map[${reference.map}]`;
    case 'mapValue':
      return `map[${reference.map}][0]+${reference.offset}${valueNote(spec, reference.map, reference.offset)}`;
    case 'call':
    case 'funcPtr':
      return spec.subprogs.concat(spec.programs).find(f => f.key === reference.func)?.name ?? reference.func;
    case 'extern':
      return reference.name;
    case 'jumpTable':
      return `jump table+${reference.offset}`;
  }
}

/** The global at an offset of a data section, or the string that is there. */
function valueNote(spec: ObjectSpec, map: string, offset: number): string {
  const global = spec.globals.find(g => g.map === map && g.offset <= offset && offset < g.offset + g.size);
  if (global) return ` ; ${global.name}${offset === global.offset ? '' : `+${offset - global.offset}`}`;
  const string = stringAt(
    spec.maps.find(m => m.name === map),
    offset,
  );
  return string === undefined ? '' : ` ; ${JSON.stringify(string)}`;
}

/** Printable text that ends in NUL, or undefined. */
function stringAt(map: MapSpec | undefined, offset: number): string | undefined {
  const bytes = map?.internal?.bytes.subarray(offset);
  const end = bytes?.indexOf(0) ?? 0;
  if (!bytes || end < 1) return undefined;
  const string = new TextDecoder().decode(bytes.subarray(0, end));
  return /^[\t\n\x20-\x7e]+$/.test(string) ? string : undefined;
}
