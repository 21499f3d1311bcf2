import { BpfMapType, BpfProgType } from '../abi/index.js';
import { typeName } from '../btf/index.js';
import { NotYetError } from '../errors/index.js';
import { reachableFunctions } from './link-program.js';
import { coreKindName } from './type-names.js';
import type { FunctionSpec, ObjectSpec, ProgramSpec } from './types.js';

/** Throws NotYetError naming everything that loading these programs would need and that is not there yet. */
export function refuseNotYet(spec: ObjectSpec, programs: readonly ProgramSpec[]): void {
  const features = new Set<string>();
  for (const program of programs) {
    if (program.type === BpfProgType.BPF_PROG_TYPE_STRUCT_OPS)
      features.add(`struct_ops program ${program.name}`);
    if (program.type === BpfProgType.BPF_PROG_TYPE_EXT)
      features.add(`program ${program.name} that replaces one of another object (freplace)`);
    for (const f of reachableFunctions(spec, program))
      for (const feature of featuresOf(spec, f)) features.add(feature);
  }
  for (const map of spec.maps)
    if (map.pinning === 'by_name') features.add(`map ${map.name}, which is to be pinned by name`);
  if (features.size > 0) throw new NotYetError([...features], spec.file);
}

function* featuresOf(spec: ObjectSpec, f: FunctionSpec): Generator<string> {
  for (const { typeId, kind } of f.coreRelocations)
    yield `CO-RE relocation of ${spec.btf ? typeName(spec.btf, typeId) : `type ${typeId}`} (${coreKindName(kind)}) in ${f.name}`;
  for (const reference of f.references) {
    if (reference.kind === 'jumpTable') yield `jump table in ${f.name}`;
    if (reference.kind === 'extern') {
      const extern = spec.externs.find(e => e.name === reference.name);
      yield `extern ${reference.name}${extern && extern.kind !== 'unknown' ? ` (${extern.kind})` : ''}`;
    }
    if (reference.kind !== 'map' && reference.kind !== 'mapValue') continue;
    const map = spec.maps.find(m => m.name === reference.map);
    if (!map) yield `map ${reference.map} of the legacy section maps`;
    else if (map.type === BpfMapType.BPF_MAP_TYPE_ARENA) yield `arena ${map.name}`;
  }
}
