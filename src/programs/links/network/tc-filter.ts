import { lackOfNetAdmin, readFacts } from '../../../kernel/index.js';
import {
  Errno,
  encodeAttributes,
  hostInt32,
  type NetlinkAttribute,
  type NetlinkReply,
  NLM_F_CREATE,
  NLM_F_ECHO,
  NLM_F_EXCL,
  type RouteSocket,
  type Sys,
} from '../../../syscall/index.js';
import { readProgramInfo } from '../../program-info.js';
import { attachRefused, type RefusedAttach } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import type { Holder } from '../link.js';
import { accepted, kernelSays, withRouteSocket } from './rtnetlink.js';
import type { ClsactPlace } from './tc-clsact.js';
import * as tc from './tc-message.js';

export interface FilterPlace {
  readonly ifindex: number;
  readonly direction: 'ingress' | 'egress';
  /** The program is of type sched_act. */
  readonly isAction: boolean;
  readonly priority: number;
  readonly handle: number;
}

export interface FilterRequest extends ClsactPlace, Omit<FilterPlace, 'priority' | 'handle'> {
  readonly priority?: number;
  readonly handle?: number;
  readonly replace?: boolean;
}

/** ETH_P_ALL in network byte order, as the lower half of `tcm_info` has it. */
const allProtocols = new Uint16Array(Uint8Array.of(0, 3).buffer)[0] ?? 0;
const TC_ACT_PIPE = 3;

/** Adds a filter of a program; its priority and handle. Throws BpfError; UnsupportedFeatureError where the kernel lacks filters or actions of BPF. */
export function addFilter(
  program: Attachable,
  socket: RouteSocket,
  { replace = false, kind, target, ...place }: FilterRequest,
): { readonly priority: number; readonly handle: number } {
  const reply = socket.request(newFilter(program, place, replace ? 0 : NLM_F_EXCL));
  if (reply.errno !== 0) {
    const cause = explain(program, reply, place.isAction);
    throw attachRefused(program, { syscall: 'netlink', kind, target, errno: reply.errno, cause });
  }
  const [echo] = reply.messages;
  if (!echo) return { priority: place.priority ?? 0, handle: place.handle ?? 0 };
  const { handle, info } = tc.tcAnswer(echo);
  // Of matchall, which has one filter a priority, the kernel tells no handle; 1 is what it chooses.
  return { priority: info >>> 16, handle: handle || (place.handle ?? 1) };
}

/** Our filter. */
export class TcFilter implements Holder {
  readonly #sys: Sys;
  readonly #place: FilterPlace;
  readonly #what: string;
  #programId: number;
  #open = true;

  constructor(sys: Sys, place: FilterPlace & { readonly programId: number; readonly what: string }) {
    this.#sys = sys;
    this.#place = place;
    this.#what = place.what;
    this.#programId = place.programId;
  }

  /** Has another program run in place of this one. Throws BpfError when somebody has taken the filter. */
  replace(program: Attachable): void {
    const { id } = readProgramInfo(this.#sys, program.fd, this.#what);
    withRouteSocket(this.#sys, this.#what, socket => {
      if (!this.#isThere(socket)) accepted({ errno: Errno.ENOENT, messages: [] }, this.#what);
      accepted(socket.request(newFilter(program, this.#place, 0)), this.#what);
    });
    this.#programId = id;
  }

  /** Removes the filter, unless it is there no more or runs somebody else's program. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    withRouteSocket(this.#sys, this.#what, socket => {
      if (!this.#isThere(socket)) return;
      const body = [this.#message(), encodeAttributes([[tc.TCA_KIND, kindOf(this.#place)]])];
      accepted(socket.request({ type: tc.RTM_DELTFILTER, flags: 0, body }), this.#what);
    });
  }

  #isThere(socket: RouteSocket): boolean {
    const body = [this.#message(), encodeAttributes([[tc.TCA_KIND, kindOf(this.#place)]])];
    const [message] = socket.request({ type: tc.RTM_GETTFILTER, flags: 0, body }).messages;
    return message !== undefined && tc.tcAnswer(message).programId === this.#programId;
  }

  #message(): Uint8Array {
    return filterMessage(this.#place);
  }
}

function kindOf({ isAction }: Pick<FilterPlace, 'isAction'>): string {
  return isAction ? 'matchall' : 'bpf';
}

/** Where a filter is, or is to be: what is left open the kernel chooses. */
type WantedPlace = Omit<FilterPlace, 'priority' | 'handle'> & Partial<FilterPlace>;

function filterMessage({ ifindex, direction, priority = 0, handle = 0 }: WantedPlace): Uint8Array {
  return tc.tcmsg({
    ifindex,
    handle,
    parent: tc.filterParents[direction],
    info: priority * 0x10000 + allProtocols,
  });
}

function newFilter(
  program: Attachable,
  place: WantedPlace,
  flags: number,
): Parameters<RouteSocket['request']>[0] {
  const options = place.isAction ? matchAll(program) : directAction(program);
  return {
    type: tc.RTM_NEWTFILTER,
    flags: NLM_F_CREATE | NLM_F_ECHO | flags,
    body: [
      filterMessage(place),
      encodeAttributes([
        [tc.TCA_KIND, kindOf(place)],
        [tc.TCA_OPTIONS, options],
      ]),
    ],
  };
}

function directAction({ fd, name }: Attachable): NetlinkAttribute[] {
  return [
    [tc.TCA_BPF_FD, fd],
    [tc.TCA_BPF_NAME, name],
    [tc.TCA_BPF_FLAGS, tc.TCA_BPF_FLAG_ACT_DIRECT],
  ];
}

/** A filter that matches all, with the program as its action; what the program leaves open (TC_ACT_UNSPEC) goes on to the next. */
function matchAll({ fd, name }: Attachable): NetlinkAttribute[] {
  const parms = new Uint8Array(20);
  parms.set(hostInt32(TC_ACT_PIPE), 8);
  const action: NetlinkAttribute[] = [
    [tc.TCA_ACT_KIND, 'bpf'],
    [
      tc.TCA_ACT_OPTIONS,
      [
        [tc.TCA_ACT_BPF_PARMS, parms],
        [tc.TCA_ACT_BPF_FD, fd],
        [tc.TCA_ACT_BPF_NAME, name],
      ],
    ],
  ];
  return [[tc.TCA_MATCHALL_ACT, [[1, action]]]];
}

function explain(program: Attachable, reply: NetlinkReply, isAction: boolean): RefusedAttach['cause'] {
  const said = kernelSays(reply);
  switch (reply.errno) {
    case Errno.EPERM:
      return lackOfNetAdmin(readFacts(program.kernel));
    case Errno.EEXIST:
      return {
        reason: said ?? 'there is a filter of this priority and handle',
        advice: 'Leave them to the kernel, or take its place with replace: true.',
      };
    case Errno.ENOENT: {
      const options = isAction ? 'CONFIG_NET_CLS_MATCHALL and CONFIG_NET_ACT_BPF' : 'CONFIG_NET_CLS_BPF';
      return {
        reason: `${said ? `${said}; ` : ''}it takes ${options}, as modules or built in`,
        missing: isAction
          ? { feature: 'tc actions by BPF', since: '4.8' }
          : { feature: 'tc filters by BPF', since: '4.4' },
      };
    }
    case Errno.EINVAL:
      return {
        reason: said ?? 'another kind of filter has this priority, or the program is of another type',
      };
    default:
      return said ? { reason: said } : undefined;
  }
}
