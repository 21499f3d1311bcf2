import { BpfAttachType, BpfCmd } from '../../abi/index.js';
import { type FdSource, fdOf } from '../../maps/index.js';
import { attachTypeName } from '../../object/index.js';
import { BpfError, bpf, Errno } from '../../syscall/index.js';
import type { Attachable } from './attachable.js';

/** Where a program goes that no link holds. */
export interface ProgAttachTarget {
  /** `enum bpf_attach_type`: of sockmaps (BPF_SK_SKB_…, BPF_SK_MSG_VERDICT), or BPF_FLOW_DISSECTOR. */
  readonly attachType: number;
  /** The sockmap or sockhash; none for a flow dissector, which goes to the network namespace of this process. */
  readonly map?: FdSource;
}

/**
 * Attaches a program to a sockmap or a network namespace for as long as that is there, whoever ends: `bpftool prog attach` (BPF_PROG_ATTACH; sockmaps Linux 4.14,
 * flow dissector 4.20). See {@link Program.attachTo} for attachments that end with their handle. Throws BpfError when the kernel refuses.
 */
export function progAttach(program: Attachable, target: ProgAttachTarget): void {
  call(program, BpfCmd.BPF_PROG_ATTACH, target, {});
}

/** Undoes {@link progAttach}, also that of another process. Throws BpfError: ENOENT when this program is not attached there. */
export function progDetach(program: Attachable, target: ProgAttachTarget): void {
  call(program, BpfCmd.BPF_PROG_DETACH, target, {
    [Errno.ENOENT]: 'this program is not attached there',
  });
}

function call(
  program: Attachable,
  cmd: number,
  { attachType, map }: ProgAttachTarget,
  hints: Readonly<Record<number, string>>,
): void {
  const what = `program ${program.name}: ${cmd === BpfCmd.BPF_PROG_ATTACH ? 'attach' : 'detach'} as ${attachTypeName(attachType)}`;
  const target_fd = map === undefined ? 0 : fdOf(map, `${what}: map`);
  const attr = { target_fd, attach_bpf_fd: program.fd, attach_type: attachType };
  const errno = -bpf(program.sys, cmd, attr);
  if (errno <= 0) return;
  const hint = hints[errno] ?? hintOf(errno, attachType);
  throw new BpfError({ syscall: 'bpf', cmd, errno, what, ...(hint ? { hint } : {}) });
}

function hintOf(errno: number, attachType: number): string | undefined {
  const isDissector = attachType === BpfAttachType.BPF_FLOW_DISSECTOR;
  switch (errno) {
    case Errno.EPERM:
      return 'the process lacks CAP_NET_ADMIN';
    case Errno.EEXIST:
      return isDissector ? 'the network namespace has a flow dissector already' : undefined;
    case Errno.EBUSY:
      return 'the map has a program of the other kind: stream_verdict and skb_verdict exclude each other';
    case Errno.EINVAL:
    case Errno.EOPNOTSUPP:
      return isDissector
        ? 'the program is no flow_dissector program'
        : 'the map is no sockmap or sockhash, or the program is not of this kind';
    default:
      return undefined;
  }
}
