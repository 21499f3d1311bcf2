import { BpfAttachType, BpfProgType } from '../abi/index.js';
import type { BtfKind } from '../btf/index.js';
import type { KernelView } from './kernel-view.js';
import { ObjectError } from './object-error.js';
import { matchSection } from './section-names.js';
import type { ObjectSpec, ProgramSpec } from './types.js';

/** True for a program that is bound at load time to a type of kernel BTF: fentry, tp_btf, lsm, iter… */
export function attachesByBtf(program: ProgramSpec): boolean {
  return matchSection(program.section)?.rule.attachBtf === true;
}

/**
 * The id of the type in kernel BTF that a program attaches to, for `attach_btf_id` (libbpf: find_kernel_btf_id). Undefined when the view has
 * no kernel BTF to look in. Throws ObjectError when the program names no target, or one that the kernel does not have.
 */
export function attachBtfId(spec: ObjectSpec, program: ProgramSpec, kernel: KernelView): number | undefined {
  const subject = `program ${program.name}`;
  if (program.attachTarget === undefined)
    throw new ObjectError(
      spec.file,
      subject,
      `section ${program.section} names no target: write SEC("${program.section}/…")`,
    );
  if (!kernel.btf) return undefined;
  const { prefix, kind } = namesOf(program);
  const name = `${prefix}${program.attachTarget}`;
  const id = kernel.btf.findByName(name, kind);
  if (id !== undefined) return id;
  throw new ObjectError(
    spec.file,
    subject,
    `kernel ${kernel.release} has no ${kind === 'typedef' ? 'tracepoint' : 'function'} ${program.attachTarget} (looked for ${kind} ${name} in its BTF)`,
  );
}

function namesOf({ type, attachType }: ProgramSpec): { prefix: string; kind: BtfKind } {
  if (type === BpfProgType.BPF_PROG_TYPE_LSM) return { prefix: 'bpf_lsm_', kind: 'func' };
  if (attachType === BpfAttachType.BPF_TRACE_RAW_TP) return { prefix: 'btf_trace_', kind: 'typedef' };
  if (attachType === BpfAttachType.BPF_TRACE_ITER) return { prefix: 'bpf_iter_', kind: 'func' };
  return { prefix: '', kind: 'func' };
}
