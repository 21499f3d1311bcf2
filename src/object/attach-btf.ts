import { BpfAttachType, BpfProgType } from '../abi/index.js';
import type { BtfKind } from '../btf/index.js';
import { findKernelType } from './find-kernel-type.js';
import type { KernelModule, KernelView } from './kernel-view.js';
import { ObjectError } from './object-error.js';
import { matchSection } from './section-names.js';
import type { ObjectSpec, ProgramSpec } from './types.js';

/** True for a program that is bound at load time to a type of kernel BTF: fentry, tp_btf, lsm, iter… */
export function attachesByBtf(program: ProgramSpec): boolean {
  return matchSection(program.section)?.rule.attachBtf === true;
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
      'replaces a function of another program, which has to be named: it is not loaded by itself',
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

function namesOf({ type, attachType }: ProgramSpec): { prefix: string; kind: BtfKind } {
  if (type === BpfProgType.BPF_PROG_TYPE_LSM) return { prefix: 'bpf_lsm_', kind: 'func' };
  if (attachType === BpfAttachType.BPF_TRACE_RAW_TP) return { prefix: 'btf_trace_', kind: 'typedef' };
  if (attachType === BpfAttachType.BPF_TRACE_ITER) return { prefix: 'bpf_iter_', kind: 'func' };
  return { prefix: '', kind: 'func' };
}
