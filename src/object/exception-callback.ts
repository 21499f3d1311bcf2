import { FormatError } from '../errors/index.js';
import type { FunctionSpec, ObjectSpec, ProgramSpec } from './types.js';

const tag = 'exception_callback:';

/**
 * The subprog that a program declares to be called when it throws (`__exception_cb`, Linux 6.7): part of the program though nothing calls it.
 * Undefined when there is none. Throws FormatError when what is named is not a global function of `.text`.
 */
export function exceptionCallback(spec: ObjectSpec, program: ProgramSpec): FunctionSpec | undefined {
  const { btf } = spec;
  if (!btf) return undefined;
  for (let id = btf.startId; id < btf.endId; id++) {
    const type = btf.type(id);
    if (type.kind !== 'decl_tag' || type.componentIdx !== -1 || !type.name.startsWith(tag)) continue;
    if (btf.type(type.type).name !== program.name) continue;
    const name = type.name.slice(tag.length);
    const callback = spec.subprogs.find(f => f.name === name && f.linkage !== 'static');
    if (callback) return callback;
    throw new FormatError(`names ${name || 'nothing'}, which is not a global function of .text`, {
      file: spec.file,
      section: '.BTF',
      field: `exception callback of ${program.name}`,
    });
  }
  return undefined;
}
