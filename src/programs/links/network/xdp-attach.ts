import { Kernel, lackOfNetAdmin, readFacts } from '../../../kernel/index.js';
import { BpfError, Errno, liveSys, type Sys } from '../../../syscall/index.js';
import { attachRefused } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import { interfaceIndex } from './network-interface.js';
import { kernelSays, withRouteSocket } from './rtnetlink.js';
import { modeFlags, type XdpTarget } from './xdp.js';
import { explainXdp } from './xdp-explain.js';
import { setXdpProgram, XDP_FLAGS_UPDATE_IF_NOEXIST } from './xdp-netlink.js';
import { type XdpMode, type XdpPrograms, xdpPrograms } from './xdp-query.js';

/** Where an XDP program goes that no link holds. */
export interface XdpAttachTarget extends Omit<XdpTarget, 'kind'> {
  /** Takes the place of a program that is there without a link. Default false: that is an error. */
  readonly replace?: boolean;
}

/**
 * Attaches to a network interface for as long as that is there, whoever ends: `bpftool net attach xdp`, by netlink (Linux 4.8). See {@link Program.attachTo} for
 * attachments that end with their handle. Throws BpfError when the kernel refuses.
 */
export function xdpAttach(program: Attachable, { replace = false, ...place }: XdpAttachTarget): void {
  const { sys } = program;
  const name = String(place.interface);
  const what = `${program.file}: program ${program.name}: attach to xdp ${name}`;
  const ifindex = interfaceIndex(sys, place.interface, what);
  const flags = modeFlags(place.mode) | (replace ? 0 : XDP_FLAGS_UPDATE_IF_NOEXIST);
  withRouteSocket(sys, what, socket => {
    const reply = setXdpProgram(socket, ifindex, { fd: program.fd, flags });
    if (reply.errno === 0) return;
    const attempt = { program, ifindex, target: { kind: 'xdp', ...place } } as const;
    const cause = explainXdp(attempt, reply.errno, kernelSays(reply));
    throw attachRefused(program, {
      syscall: 'netlink',
      kind: 'xdp',
      target: name,
      errno: reply.errno,
      cause,
    });
  });
}

export interface XdpDetachOptions {
  /** Where it runs. Default: wherever there is one. */
  readonly mode?: XdpMode;
  /** Default: this machine's kernel. */
  readonly sys?: Sys;
}

/**
 * Takes the XDP program off an interface, whoever attached it without a link: `bpftool net detach xdp`. Returns the ids of those that it took off, by mode; none
 * where there was none. Throws BpfError, EBUSY where a link holds the program.
 */
export function xdpDetach(
  nameOrIndex: string | number,
  { mode, sys = liveSys() }: XdpDetachOptions = {},
): XdpPrograms {
  const what = `detach XDP from ${nameOrIndex}`;
  const ifindex = interfaceIndex(sys, nameOrIndex, what);
  const wanted = modeFlags(mode);
  return withRouteSocket(sys, what, socket => {
    const there = Object.entries(xdpPrograms(socket, ifindex, what)) as [XdpMode, number][];
    const taken = there.filter(([found]) => wanted === 0 || found === mode);
    for (const [found] of taken) {
      const reply = setXdpProgram(socket, ifindex, { fd: -1, flags: modeFlags(found) });
      if (reply.errno === 0) continue;
      const hint = hintOf(sys, reply.errno) ?? kernelSays(reply);
      throw new BpfError({ syscall: 'netlink', errno: reply.errno, what, ...(hint ? { hint } : {}) });
    }
    return Object.fromEntries(taken);
  });
}

function hintOf(sys: Sys, errno: number): string | undefined {
  switch (errno) {
    case Errno.EPERM:
      return lackOfNetAdmin(readFacts(Kernel.running(sys)))?.reason;
    case Errno.EBUSY:
      return 'a link holds the program: detach that one ("rawbpf link list" shows its id)';
    default:
      return undefined;
  }
}
