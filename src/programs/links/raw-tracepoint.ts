import { BpfCmd } from '../../abi/index.js';
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

/** Attaches to a raw tracepoint. Linux 4.17; kernel/bpf/syscall.c: bpf_raw_tracepoint_open(). */
export function attachRawTracepoint(program: Attachable, { name }: RawTracepointTarget): LinkParts {
  const cmd = BpfCmd.BPF_RAW_TRACEPOINT_OPEN;
  const result = bpf(program.sys, cmd, { name, prog_fd: program.fd });
  if (result < 0)
    throw attachRefused(program, {
      syscall: 'bpf',
      cmd,
      kind: 'raw_tracepoint',
      target: name,
      errno: -result,
    });
  const link = new OwnedFd(program.sys, result);
  return {
    sys: program.sys,
    kind: 'raw_tracepoint',
    program: program.name,
    target: name,
    holders: [link],
    link,
  };
}
