import { BpfCmd } from '../../abi/index.js';
import { UnsupportedFeatureError } from '../../kernel/index.js';
import { bpf, OwnedFd } from '../../syscall/index.js';
import { attachRefused } from './attach-refused.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** A raw tracepoint: the program gets the tracepoint's own arguments. */
export interface RawTracepointTarget {
  readonly kind: 'raw_tracepoint';
  /** The bare name of its event, e.g. `sys_enter`. */
  readonly name: string;
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 6.10. */
  readonly cookie?: bigint;
}

/**
 * Attaches to a raw tracepoint, in programs of `raw_tp.w` with write access to its arguments. Linux 4.17, of kernel modules' tracepoints 4.19; kernel/bpf/syscall.c:
 * bpf_raw_tracepoint_open(). Throws UnsupportedFeatureError for a cookie before Linux 6.10.
 */
export function attachRawTracepoint(
  program: Attachable,
  { kind, name, cookie = 0n }: RawTracepointTarget,
): LinkParts {
  const { sys, kernel } = program;
  if (cookie !== 0n && !kernel.has('raw_tp_cookie'))
    throw new UnsupportedFeatureError('cookies of raw tracepoints', {
      what: `${program.file}: program ${program.name}`,
      since: '6.10',
      reason: `it is Linux ${kernel.release}`,
    });
  const cmd = BpfCmd.BPF_RAW_TRACEPOINT_OPEN;
  const result = bpf(sys, cmd, { name, prog_fd: program.fd, ...(cookie ? { cookie } : {}) });
  if (result < 0) throw attachRefused(program, { syscall: 'bpf', cmd, kind, target: name, errno: -result });
  const link = new OwnedFd(sys, result);
  return { sys, kind, program: program.name, target: name, holders: [link], link };
}
