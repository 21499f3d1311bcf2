import { BpfCmd } from '../../../abi/index.js';
import { BpfError, bpf, Errno, liveSys, type Sys } from '../../../syscall/index.js';
import { attachRefused } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import { type MprogOrder, orderFields } from '../mprog-order.js';
import { deviceAttachTypes, explainDevice } from './device-link.js';
import { interfaceIndex } from './network-interface.js';

/** Where a tcx program goes that no link holds. */
export interface TcxAttachTarget extends MprogOrder {
  /** Name or index. */
  readonly interface: string | number;
  readonly direction: 'ingress' | 'egress';
}

/**
 * Attaches to what comes in at or goes out of a network interface, for as long as that is there, whoever ends: `bpftool net attach tcx_ingress` (BPF_PROG_ATTACH, Linux 6.6).
 * See {@link Program.attachTo} for attachments that end with their handle. Throws UnsupportedFeatureError on older kernels, and BpfError.
 */
export function tcxAttach(program: Attachable, target: TcxAttachTarget): void {
  const { sys } = program;
  const name = `${target.interface} ${target.direction}`;
  const what = `${program.file}: program ${program.name}: attach to tcx ${name}`;
  const cmd = BpfCmd.BPF_PROG_ATTACH;
  const { flags = 0, ...order } = orderFields(target) ?? {};
  const result = bpf(sys, cmd, {
    target_ifindex: interfaceIndex(sys, target.interface, what),
    attach_bpf_fd: program.fd,
    attach_type: deviceAttachTypes[target.direction],
    attach_flags: flags,
    ...order,
  });
  if (result >= 0) return;
  const cause =
    -result === Errno.EEXIST
      ? { reason: 'the program is attached there already' }
      : explainDevice(program, { kind: 'tcx', ...target }, -result);
  throw attachRefused(program, { syscall: 'bpf', cmd, kind: 'tcx', target: name, errno: -result, cause });
}

export interface TcxDetachTarget extends Pick<TcxAttachTarget, 'interface' | 'direction'> {
  /** Default: the last one, as bpftool. */
  readonly program?: { readonly fd: number };
  /** Default: this machine's kernel. */
  readonly sys?: Sys;
}

/** Undoes {@link tcxAttach}, also that of another process. Throws BpfError: ENOENT when nothing is there, EBUSY when a link holds the program. */
export function tcxDetach({ interface: device, direction, program, sys = liveSys() }: TcxDetachTarget): void {
  const what = `detach tcx from ${device} ${direction}`;
  const cmd = BpfCmd.BPF_PROG_DETACH;
  const errno = -bpf(sys, cmd, {
    target_ifindex: interfaceIndex(sys, device, what),
    attach_type: deviceAttachTypes[direction],
    ...(program ? { attach_bpf_fd: program.fd } : {}),
  });
  if (errno <= 0) return;
  const hint = hints[errno];
  throw new BpfError({ syscall: 'bpf', cmd, errno, what, ...(hint ? { hint } : {}) });
}

const hints: Readonly<Record<number, string>> = {
  [Errno.EPERM]: 'the process lacks CAP_NET_ADMIN',
  [Errno.ENOENT]: 'no such program is attached there without a link',
  [Errno.EBUSY]: 'a link holds the program: detach that one ("rawbpf link list" shows its id)',
  [Errno.EINVAL]: 'tcx is Linux 6.6',
};
