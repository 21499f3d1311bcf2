import { BpfCmd } from '../../../abi/index.js';
import {
  BpfError,
  bpf,
  Errno,
  encodeAttributes,
  type NetlinkReply,
  type RouteSocket,
  type Sys,
} from '../../../syscall/index.js';
import { readProgramInfo } from '../../program-info.js';
import { attachRefused } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import type { Holder, LinkParts } from '../link.js';
import { accepted, ifinfomsg, kernelSays, withRouteSocket } from './rtnetlink.js';
import { explainXdp, type XdpAttempt } from './xdp-explain.js';
import { xdpPrograms } from './xdp-query.js';

const RTM_SETLINK = 19;
/** Attributes and flags of include/uapi/linux/if_link.h. */
const IFLA_XDP = 43;
const IFLA_XDP_FD = 1;
const IFLA_XDP_FLAGS = 3;
const IFLA_XDP_EXPECTED_FD = 8;
export const XDP_FLAGS_UPDATE_IF_NOEXIST = 1 << 0;
const XDP_FLAGS_REPLACE = 1 << 4;

/** Attaches by netlink where the interface has no program; `flags` name the mode. Linux 4.8. Throws BpfError. */
export function attachXdpWithoutLink(attempt: XdpAttempt, flags: number): LinkParts {
  const { program, ifindex, target } = attempt;
  const { sys, name } = program;
  const { kind } = target;
  const place = String(target.interface);
  const what = `${program.file}: program ${name}: attach to ${kind} ${place}`;
  const held = new XdpAttachment(program, ifindex, flags, what);
  withRouteSocket(sys, what, socket => {
    const reply = setXdpProgram(socket, ifindex, {
      fd: program.fd,
      flags: flags | XDP_FLAGS_UPDATE_IF_NOEXIST,
    });
    if (reply.errno === 0) return;
    const cause = explainXdp(attempt, reply.errno, kernelSays(reply));
    throw attachRefused(program, { syscall: 'netlink', kind, target: place, errno: reply.errno, cause });
  });
  return { sys, kind, program: name, target: place, holders: [held], update: next => held.replace(next) };
}

/** A program that netlink was told of. */
class XdpAttachment implements Holder {
  readonly #sys: Sys;
  readonly #ifindex: number;
  /** The mode's. */
  readonly #flags: number;
  readonly #what: string;
  #programId: number;
  #open = true;

  constructor({ sys, fd }: Attachable, ifindex: number, flags: number, what: string) {
    this.#sys = sys;
    this.#ifindex = ifindex;
    this.#flags = flags;
    this.#what = what;
    this.#programId = readProgramInfo(sys, fd, what).id;
  }

  /** Runs another program in place of this one, unless somebody else's has taken it. */
  replace({ fd }: Attachable): void {
    const { id } = readProgramInfo(this.#sys, fd, this.#what);
    this.#inPlaceOfOurs(fd);
    this.#programId = id;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.#inPlaceOfOurs(-1);
    } catch (error) {
      // With the interface its program is gone.
      if (!(error instanceof BpfError && error.errno === Errno.ENODEV)) throw error;
    }
  }

  /** Does nothing with -1 when our program is there no more. */
  #inPlaceOfOurs(fd: number): void {
    withRouteSocket(this.#sys, this.#what, socket => {
      const there = Object.values(xdpPrograms(socket, this.#ifindex, this.#what));
      if (fd < 0 && !there.includes(this.#programId)) return;
      const cmd = BpfCmd.BPF_PROG_GET_FD_BY_ID;
      const expected = bpf(this.#sys, cmd, { prog_id: this.#programId });
      if (expected < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -expected, what: this.#what });
      try {
        const flags = this.#flags | XDP_FLAGS_REPLACE;
        const reply = setXdpProgram(socket, this.#ifindex, { fd, flags, expected });
        // Kernels before 5.7 replace whatever is there.
        const older = reply.errno === Errno.EINVAL;
        accepted(
          older ? setXdpProgram(socket, this.#ifindex, { fd, flags: this.#flags }) : reply,
          this.#what,
        );
      } finally {
        this.#sys.close(expected);
      }
    });
  }
}

/** Asks for a program in the mode that the flags name, or with -1 for none. */
export function setXdpProgram(
  socket: RouteSocket,
  ifindex: number,
  { fd, flags, expected }: { fd: number; flags: number; expected?: number },
): NetlinkReply {
  const attributes = encodeAttributes([
    [
      IFLA_XDP,
      [
        [IFLA_XDP_FD, fd],
        [IFLA_XDP_FLAGS, flags],
        ...(expected === undefined ? [] : [[IFLA_XDP_EXPECTED_FD, expected] as const]),
      ],
    ],
  ]);
  return socket.request({ type: RTM_SETLINK, flags: 0, body: [ifinfomsg(ifindex), attributes] });
}
