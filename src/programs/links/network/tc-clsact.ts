import { lackOfNetAdmin, readFacts } from '../../../kernel/index.js';
import {
  Errno,
  encodeAttributes,
  type NetlinkReply,
  NLM_F_CREATE,
  NLM_F_ECHO,
  NLM_F_EXCL,
  type RouteSocket,
  type Sys,
} from '../../../syscall/index.js';
import { attachRefused } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import type { Holder } from '../link.js';
import { noSuchInterface } from './network-interface.js';
import { accepted, kernelSays, withRouteSocket } from './rtnetlink.js';
import {
  CLSACT_HANDLE,
  filterParents,
  RTM_DELQDISC,
  RTM_GETQDISC,
  RTM_GETTFILTER,
  RTM_NEWQDISC,
  TC_H_CLSACT,
  TCA_KIND,
  tcAnswer,
  tcmsg,
} from './tc-message.js';

/** Indices of the interfaces whose qdisc this process made: the last of our filters there takes it along, whichever that is. */
const made = new Set<number>();

export interface ClsactPlace {
  readonly kind: 'tc';
  /** For messages. */
  readonly target: string;
  readonly ifindex: number;
  readonly direction: 'ingress' | 'egress';
}

/** The clsact qdisc of an interface, which carries filters and queues nothing. */
export class ClsactQdisc implements Holder {
  readonly #sys: Sys;
  readonly #ifindex: number;
  #open = true;

  private constructor(sys: Sys, ifindex: number) {
    this.#sys = sys;
    this.#ifindex = ifindex;
  }

  /** That of the interface, made when there is none. Throws BpfError. */
  static ensure(program: Attachable, socket: RouteSocket, place: ClsactPlace): ClsactQdisc {
    const { ifindex, kind, target } = place;
    const reply = socket.request({
      type: RTM_NEWQDISC,
      flags: NLM_F_CREATE | NLM_F_EXCL,
      body: [
        tcmsg({ ifindex, handle: CLSACT_HANDLE, parent: TC_H_CLSACT }),
        encodeAttributes([[TCA_KIND, 'clsact']]),
      ],
    });
    if (reply.errno === 0) made.add(ifindex);
    else {
      const other = reply.errno === Errno.EEXIST ? otherQdisc(socket, place) : undefined;
      if (reply.errno !== Errno.EEXIST || other) {
        const cause = other
          ? { reason: other, advice: `Remove it (tc qdisc del dev ${target.split(' ')[0]} ingress).` }
          : explain(program, reply, target);
        throw attachRefused(program, { syscall: 'netlink', kind, target, errno: reply.errno, cause });
      }
    }
    return new ClsactQdisc(program.sys, ifindex);
  }

  /** Removes the qdisc when this process made it and it carries no filter any more. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const ifindex = this.#ifindex;
    if (!made.has(ifindex)) return;
    const what = `remove the clsact qdisc of interface ${ifindex}`;
    withRouteSocket(this.#sys, what, socket => {
      for (const parent of Object.values(filterParents)) {
        const body = [tcmsg({ ifindex, parent })];
        const filters = socket.dump({ type: RTM_GETTFILTER, flags: 0, body });
        if (filters.messages.length > 0) return;
      }
      const body = [tcmsg({ ifindex, handle: CLSACT_HANDLE, parent: TC_H_CLSACT })];
      const removed = socket.request({ type: RTM_DELQDISC, flags: 0, body });
      if (!isGone(removed)) accepted(removed, what);
      made.delete(ifindex);
    });
  }
}

/** The interface went, or somebody else removed the qdisc. */
function isGone({ errno, unsent }: NetlinkReply): boolean {
  if (unsent) return false;
  return errno === Errno.ENODEV || errno === Errno.ENOENT || errno === Errno.EINVAL;
}

/** A qdisc in its place that has no such direction: the older ingress would run an egress filter for what comes in. */
function otherQdisc(socket: RouteSocket, { ifindex, direction }: ClsactPlace): string | undefined {
  if (direction === 'ingress') return undefined;
  const body = [tcmsg({ ifindex, parent: TC_H_CLSACT })];
  const [message] = socket.request({ type: RTM_GETQDISC, flags: NLM_F_ECHO, body }).messages;
  const kind = message && tcAnswer(message).kind;
  return kind && kind !== 'clsact'
    ? `the interface has the qdisc ${kind}, whose filters see only what comes in`
    : undefined;
}

function explain(program: Attachable, reply: NetlinkReply, target: string) {
  switch (reply.errno) {
    case Errno.EPERM:
      return lackOfNetAdmin(readFacts(program.kernel));
    case Errno.ENODEV:
      return { reason: noSuchInterface(target) };
    case Errno.ENOENT:
      return {
        reason: 'this kernel has no clsact qdisc: CONFIG_NET_SCH_INGRESS',
        missing: { feature: 'the clsact qdisc', since: '4.5' },
      };
    default: {
      const reason = kernelSays(reply);
      return reason ? { reason } : undefined;
    }
  }
}
