import { readFileSync } from 'node:fs';
import { BpfAttachType, BpfCmd, BpfProgType } from '../../abi/index.js';
import { UnsupportedFeatureError, versionCode } from '../../kernel/index.js';
import { bpf, Errno, OwnedFd } from '../../syscall/index.js';
import { attachRefused, type RefusedAttach } from './attach-refused.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** What the program was bound to when it was loaded: fentry, fexit, fmod_ret, fsession, tp_btf, lsm. */
export interface TracingTarget {
  readonly kind: 'tracing';
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.19, of tp_btf 6.10. */
  readonly cookie?: bigint;
}

/**
 * Attaches to what the program was loaded for (kernel/bpf/syscall.c: bpf_tracing_prog_attach(), bpf_raw_tp_link_attach()). Linux 5.5.
 * Throws UnsupportedFeatureError for a cookie that the kernel does not keep, and for an LSM program where bpf is not among the security modules that run.
 */
export function attachTracing(program: Attachable, { kind, cookie = 0n }: TracingTarget): LinkParts {
  const { kernel, spec } = program;
  if (spec.attachType === BpfAttachType.BPF_LSM_MAC) requireBpfLsm(program);
  if (cookie !== 0n) {
    const since = spec.attachType === BpfAttachType.BPF_TRACE_RAW_TP ? '6.10' : '5.19';
    // Kernels that have links of tp_btf but no cookies of them take one and forget it.
    const has = since === '6.10' ? kernel.has('raw_tp_cookie') : kernel.versionCode >= versionCode(since);
    if (!has) throw noCookies(program, since);
  }
  return attachAsLoaded(program, kind, cookie);
}

/**
 * BPF_LINK_CREATE without a target (Linux 5.19), or BPF_RAW_TRACEPOINT_OPEN without a name, which does the same on older kernels but for the cookie. Both make
 * a link.
 */
export function attachAsLoaded(
  program: Attachable,
  kind: 'tracing' | 'freplace',
  cookie: bigint = 0n,
): LinkParts {
  const { sys, spec } = program;
  const target = spec.attachTarget ?? spec.name;
  let cmd: number = BpfCmd.BPF_LINK_CREATE;
  let result = bpf(sys, cmd, {
    prog_fd: program.fd,
    attach_type: spec.attachType,
    ...(cookie === 0n ? {} : { tracing: { cookie } }),
  });
  if (result === -Errno.EINVAL && cookie === 0n) {
    cmd = BpfCmd.BPF_RAW_TRACEPOINT_OPEN;
    result = bpf(sys, cmd, { prog_fd: program.fd });
  }
  if (result < 0) {
    const cause = explainTracing(program, -result);
    throw attachRefused(program, { syscall: 'bpf', cmd, kind, target, errno: -result, cause });
  }
  const link = new OwnedFd(sys, result);
  return { sys, kind, program: program.name, target, holders: [link], link };
}

function noCookies({ file, name, kernel }: Attachable, since: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError('cookies of tracing programs', {
    what: `${file}: program ${name}`,
    since,
    reason: `it is Linux ${kernel.release}`,
  });
}

/** `BPF_MAX_TRAMP_LINKS` of include/linux/bpf.h. */
const maxPrograms = 38;

/** Why a trampoline does not take a program (kernel/bpf/trampoline.c: __bpf_trampoline_link_prog, kernel/bpf/syscall.c: bpf_tracing_prog_attach). */
export function explainTracing({ spec }: Attachable, errno: number): RefusedAttach['cause'] {
  switch (errno) {
    case Errno.EBUSY:
      return spec.type === BpfProgType.BPF_PROG_TYPE_EXT
        ? {
            reason: 'the function is replaced by another program, or fentry and fexit programs watch it',
            advice: 'Detach those first.',
          }
        : { reason: 'the program is attached there already, or the function is replaced by another program' };
    case Errno.E2BIG:
      return { reason: `the function has ${maxPrograms} programs, the most that it can have` };
    case Errno.ENOENT:
      return {
        reason: 'the program was attached before, and this kernel attaches it only once',
        advice: 'Load it again.',
        missing: { feature: 'attaching a tracing program again', since: '5.13' },
      };
    case Errno.ENOTSUPP:
      return {
        reason: 'this kernel cannot run programs from its functions on this architecture',
        missing: { feature: 'BPF trampolines' },
      };
    default:
      return undefined;
  }
}

/** The security modules that run, in their order. It is there where securityfs is mounted. */
const runningModules = '/sys/kernel/security/lsm';

/** The kernel takes programs for hooks that it never calls, when it was not told to run them beside its other security modules. */
function requireBpfLsm({ file, name }: Attachable): void {
  let modules: string;
  try {
    modules = readFileSync(runningModules, 'utf8').trim();
  } catch {
    return;
  }
  if (modules.split(',').includes('bpf')) return;
  throw new UnsupportedFeatureError('LSM programs', {
    what: `${file}: program ${name}`,
    reason: `it would never run: bpf is not among the security modules of this machine (${modules})`,
    advice: `Boot with lsm=${modules},bpf.`,
  });
}
