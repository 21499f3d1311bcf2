import { BpfAttachType, BpfProgType } from '../../abi/index.js';
import type { BtfKind, BtfTypes } from '../../btf/index.js';
import { ObjectError } from '../object-error.js';
import { newerAttachTypes } from '../section-names.js';
import type { ObjectSpec, ProgramSpec } from '../types.js';
import { findKernelType } from './find-kernel-type.js';
import type { KernelModule, KernelView } from './kernel-view.js';

const { BPF_TRACE_FENTRY_MULTI, BPF_TRACE_FEXIT_MULTI, BPF_TRACE_FSESSION_MULTI } = newerAttachTypes;
const boundTypes = new Set<number | undefined>([
  BpfProgType.BPF_PROG_TYPE_TRACING,
  BpfProgType.BPF_PROG_TYPE_LSM,
  BpfProgType.BPF_PROG_TYPE_EXT,
]);

/** True for a program that is attached to many kernel functions, which its link names. */
export function attachesToMany({ attachType }: ProgramSpec): boolean {
  return [BPF_TRACE_FENTRY_MULTI, BPF_TRACE_FEXIT_MULTI, BPF_TRACE_FSESSION_MULTI].some(
    type => type === attachType,
  );
}

/**
 * The module whose functions a program of `fentry.multi/MODULE:PATTERN` is for, which it has to be loaded for. Throws ObjectError when the kernel has none of
 * this name.
 */
export function moduleOfMany(
  spec: ObjectSpec,
  program: ProgramSpec,
  kernel: KernelView,
): KernelModule | undefined {
  const { name, attachTarget = '' } = program;
  const colon = attachTarget.indexOf(':');
  if (!attachesToMany(program) || colon < 0 || !kernel.modules) return undefined;
  const wanted = attachTarget.slice(0, colon);
  const module = kernel.modules.find(loaded => loaded.name === wanted);
  if (module) return module;
  throw new ObjectError(
    spec.file,
    `program ${name}`,
    `kernel ${kernel.release} has no module ${wanted} with BTF loaded`,
  );
}

/** True for a program that is bound at load time to a type of BTF, the kernel's or that of another program: fentry, tp_btf, lsm, iter, freplace… */
export function attachesByBtf(program: ProgramSpec): boolean {
  return boundTypes.has(program.type) && !attachesToMany(program);
}

/** What PROG_LOAD is told of the target: a type id, and the module in whose BTF it is. */
export interface AttachTarget {
  readonly id: number;
  readonly module: KernelModule | undefined;
}

/**
 * The type in kernel BTF that a program attaches to, for `attach_btf_id` and `attach_btf_obj_fd` (libbpf: find_kernel_btf_id). A target may
 * name its module: `nf_conntrack:nf_ct_delete`. Undefined when an offline view has no kernel BTF to look in. Throws ObjectError when the
 * program names no target, or one that the kernel does not have.
 */
export function attachBtfTarget(
  spec: ObjectSpec,
  program: ProgramSpec,
  kernel: KernelView,
): AttachTarget | undefined {
  const refused = (reason: string) => new ObjectError(spec.file, `program ${program.name}`, reason);
  const { attachTarget } = program;
  if (program.type === BpfProgType.BPF_PROG_TYPE_EXT)
    throw refused(
      `replaces a function of another program, which has to be named: load({ programs: { ${program.name}: { attachTarget: { program } } } })`,
    );
  if (attachTarget === undefined || attachTarget === '')
    throw refused(`section ${program.section} names no target: write SEC("${program.section}/…")`);
  if (!kernel.btf) {
    if (kernel.offline) return undefined;
    throw refused(`attaches by BTF, and kernel ${kernel.release} shows none (CONFIG_DEBUG_INFO_BTF)`);
  }
  const { prefix, kind } = namesOf(program);
  const colon = attachTarget.indexOf(':');
  const module = colon < 0 ? undefined : attachTarget.slice(0, colon);
  const target = attachTarget.slice(colon + 1);
  const name = `${prefix}${target}`;
  const found = findKernelType(kernel, name, kind, module);
  if (found) return found;
  throw refused(
    `kernel ${kernel.release} has no ${kind === 'typedef' ? 'tracepoint' : 'function'} ${target}${module === undefined ? '' : ` in module ${module}`} (looked for ${kind} ${name} in its BTF)`,
  );
}

/**
 * The id of a function in the BTF of the program that it belongs to (libbpf: libbpf_find_prog_btf_id). Throws ObjectError, which says what functions there are, when
 * there is none of this name.
 */
export function functionOfProgram(file: string, program: string, name: string, btf: BtfTypes): number {
  const id = btf.findByName(name, 'func');
  if (id !== undefined) return id;
  const names = [...btf.idsOfKind('func')].map(func => btf.type(func).name).join(', ') || 'none';
  throw new ObjectError(
    file,
    `program ${program}`,
    `the target program has no function ${name}; it has ${names}`,
  );
}

function namesOf({ type, attachType }: ProgramSpec): { prefix: string; kind: BtfKind } {
  if (type === BpfProgType.BPF_PROG_TYPE_LSM) return { prefix: 'bpf_lsm_', kind: 'func' };
  if (attachType === BpfAttachType.BPF_TRACE_RAW_TP) return { prefix: 'btf_trace_', kind: 'typedef' };
  if (attachType === BpfAttachType.BPF_TRACE_ITER) return { prefix: 'bpf_iter_', kind: 'func' };
  return { prefix: '', kind: 'func' };
}
