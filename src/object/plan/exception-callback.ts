import type { BtfTypes } from '../../btf/index.js';
import { FormatError } from '../../errors/index.js';
import type { FunctionSpec, ObjectSpec, ProgramSpec } from '../types.js';

const tag = 'exception_callback:';

/**
 * The subprog that a program declares to be called when it throws (`__exception_cb`, Linux 6.7): part of the program though nothing calls it.
 * Undefined when there is none. Throws FormatError when what is named is not a global function of `.text`.
 */
export function exceptionCallback(spec: ObjectSpec, program: ProgramSpec): FunctionSpec | undefined {
  const name = spec.btf && declared(spec.btf).get(program.name);
  if (name === undefined) return undefined;
  const callback = spec.subprogs.find(f => f.name === name && f.linkage !== 'static');
  if (callback) return callback;
  throw new FormatError(`names ${name || 'nothing'}, which is not a global function of .text`, {
    file: spec.file,
    section: '.BTF',
    field: `exception callback of ${program.name}`,
  });
}

const known = new WeakMap<BtfTypes, ReadonlyMap<string, string | undefined>>();

/** Names of the callbacks by the names of their programs. */
function declared(btf: BtfTypes): ReadonlyMap<string, string | undefined> {
  const found = known.get(btf);
  if (found) return found;
  const callbacks = new Map<string, string | undefined>();
  for (const id of btf.idsOfKind('decl_tag')) {
    const type = btf.type(id);
    if (type.kind !== 'decl_tag' || type.componentIdx !== -1 || !type.name.startsWith(tag)) continue;
    const program = btf.type(type.type).name;
    // Several for one program are left for the verifier to refuse, as libbpf does.
    callbacks.set(program, callbacks.has(program) ? undefined : type.name.slice(tag.length));
  }
  known.set(btf, callbacks);
  return callbacks;
}
