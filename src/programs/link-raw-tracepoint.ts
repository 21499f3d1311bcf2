import { BpfCmd } from '../abi/index.js';
import { bpf, OwnedFd } from '../syscall/index.js';
import { attachRefused } from './attach-refused.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/**
 * Attaches to a raw tracepoint, by the bare name of its event (`sys_enter`): the program gets the tracepoint's own arguments.
 * Linux 4.17; kernel/bpf/syscall.c: bpf_raw_tracepoint_open().
 */
export function attachRawTracepoint(program: Attachable, name: string): LinkParts {
  const cmd = BpfCmd.BPF_RAW_TRACEPOINT_OPEN;
  const link = bpf(program.sys, cmd, { name, prog_fd: program.fd });
  if (link < 0)
    throw attachRefused(program, { syscall: 'bpf', cmd, kind: 'raw_tracepoint', target: name, errno: -link });
  return {
    kind: 'raw_tracepoint',
    program: program.name,
    target: name,
    fds: [new OwnedFd(program.sys, link)],
  };
}
