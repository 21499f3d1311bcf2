import { BpfProgType } from '../../abi/index.js';
import { versionCode } from '../../kernel/index.js';
import { functionOfProgram } from '../../object/index.js';
import { Errno } from '../../syscall/index.js';
import { readProgramBtf } from '../program-btf.js';
import type { RefusedAttach } from './attach-refused.js';
import type { Attachable } from './attachable.js';
import { createLink } from './bpf-link.js';
import type { LinkParts } from './link.js';
import { attachAsLoaded, explainTracing } from './tracing.js';

/** A global function of another program, which this one replaces. */
export interface FreplaceTarget {
  readonly kind: 'freplace';
  /** The other program, or its fd. Default: the one that this was loaded for. Any other takes Linux 5.10, and a function of the same arguments. */
  readonly program?: number | { readonly fd: number };
  /** Name of the function in it. Default: what the section says, `freplace/FUNCTION`. */
  readonly function?: string;
}

/**
 * Runs a program in place of a global function of another (kernel/bpf/syscall.c: bpf_tracing_prog_attach). Linux 5.6. Throws TypeError when no function is
 * named, ObjectError when the other program has none of this name, UnsupportedFeatureError or BpfError when the kernel cannot.
 */
export function attachFreplace(
  program: Attachable,
  { kind, program: other, function: name = program.spec.attachTarget }: FreplaceTarget,
): LinkParts {
  if (program.spec.type !== BpfProgType.BPF_PROG_TYPE_EXT)
    throw new TypeError(`program ${program.name}: only those of section freplace/ replace functions`);
  if (other === undefined) return attachAsLoaded(program, kind);
  if (!name)
    throw new TypeError(`program ${program.name}: function: its section names none that it is to replace`);
  const fd = typeof other === 'number' ? other : other.fd;
  const btf = readProgramBtf(program.sys, fd, `${program.file}: program ${program.name}: target`);
  return createLink(
    program,
    { kind, target: name, explain: errno => explain(program, errno) },
    { target_fd: fd, target_btf_id: functionOfProgram(program.file, program.name, name, btf) },
  );
}

function explain(program: Attachable, errno: number): RefusedAttach['cause'] {
  if (errno !== Errno.EINVAL) return explainTracing(program, errno);
  return program.kernel.versionCode < versionCode('5.10')
    ? {
        reason: 'this kernel attaches to what the program was loaded for only',
        missing: { feature: 'freplace programs for more than one target', since: '5.10' },
      }
    : {
        reason: 'the function is none that this program can replace',
        advice:
          'It has to be global, of the arguments of the one that the program was loaded for, and in a program of the same type.',
      };
}
