import {
  attributeText,
  attributeU32,
  decodeAttributes,
  hostInt32,
  type NetlinkAttributes,
  nestedAttributes,
} from '../../../syscall/index.js';

/** Requests of rtnetlink(7). */
export const RTM_NEWQDISC = 36;
export const RTM_DELQDISC = 37;
export const RTM_GETQDISC = 38;
export const RTM_NEWTFILTER = 44;
export const RTM_DELTFILTER = 45;
export const RTM_GETTFILTER = 46;
export const RTM_GETTCLASS = 42;

/** Attributes of include/uapi/linux/rtnetlink.h. */
export const TCA_KIND = 1;
export const TCA_OPTIONS = 2;
/** Of cls_bpf, include/uapi/linux/pkt_cls.h. */
const TCA_BPF_ACT = 1;
export const TCA_BPF_FD = 6;
export const TCA_BPF_NAME = 7;
export const TCA_BPF_FLAGS = 8;
export const TCA_BPF_FLAG_ACT_DIRECT = 1;
const TCA_BPF_ID = 11;
/** Of cls_matchall and the actions in it. */
export const TCA_MATCHALL_ACT = 2;
export const TCA_ACT_KIND = 1;
export const TCA_ACT_OPTIONS = 2;
/** Of act_bpf, include/uapi/linux/tc_act/tc_bpf.h. */
export const TCA_ACT_BPF_PARMS = 2;
export const TCA_ACT_BPF_FD = 5;
export const TCA_ACT_BPF_NAME = 6;
const TCA_ACT_BPF_ID = 9;

/** TC_H_CLSACT: where the qdisc is. */
export const TC_H_CLSACT = 0xfffffff1;
export const CLSACT_HANDLE = 0xffff0000;
/** Where those filters are that are under no class: at the interface's own qdisc. */
export const TC_H_ROOT = 0xffffffff;
/** Where its filters are. */
export const filterParents = { ingress: 0xfffffff2, egress: 0xfffffff3 } as const;

const tcmsgSize = 20;

export interface TcMessage {
  readonly ifindex: number;
  readonly handle?: number;
  readonly parent: number;
  /** Of filters: the priority in the upper half, the protocol in network byte order in the lower. */
  readonly info?: number;
}

/** `struct tcmsg`. */
export function tcmsg({ ifindex, handle = 0, parent, info = 0 }: TcMessage): Uint8Array {
  const bytes = new Uint8Array(tcmsgSize);
  [ifindex, handle, parent, info].forEach((value, i) => {
    bytes.set(hostInt32(value), 4 + 4 * i);
  });
  return bytes;
}

/** A BPF program that is an action of a filter. */
export interface TcAction {
  /** As who made it called it. */
  readonly name: string | undefined;
  readonly programId: number | undefined;
}

/** What a message tells of a qdisc or filter. */
export interface TcAnswer {
  readonly ifindex: number;
  readonly handle: number;
  readonly info: number;
  /** `clsact`, `bpf`, `matchall`. */
  readonly kind: string | undefined;
  /** Id of the program; undefined where there is none. Linux 4.12. */
  readonly programId: number | undefined;
  /** What who made a `bpf` filter called its program. */
  readonly name: string | undefined;
  /** Its actions that are BPF programs; undefined where it has no actions at all. */
  readonly actions: readonly TcAction[] | undefined;
}

export function tcAnswer(message: Uint8Array): TcAnswer {
  const words = new Uint32Array(message.slice(0, tcmsgSize).buffer);
  const attributes = decodeAttributes(message.subarray(tcmsgSize));
  const kind = attributeText(attributes, TCA_KIND);
  const actionAttribute = actionAttributes[kind ?? ''];
  // Of other kinds the options may be a struct.
  const options = actionAttribute ? nestedAttributes(attributes, TCA_OPTIONS) : new Map();
  const actions = actionAttribute ? actionsIn(options, actionAttribute) : undefined;
  return {
    ifindex: words[1] ?? 0,
    handle: words[2] ?? 0,
    info: words[4] ?? 0,
    kind,
    programId: kind === 'matchall' ? actions?.[0]?.programId : attributeU32(options, TCA_BPF_ID),
    name: kind === 'bpf' ? attributeText(options, TCA_BPF_NAME) : undefined,
    actions,
  };
}

/** Where the options of the kinds of filters that rawbpf makes have their actions. */
const actionAttributes: Readonly<Record<string, number>> = { bpf: TCA_BPF_ACT, matchall: TCA_MATCHALL_ACT };

function actionsIn(options: NetlinkAttributes, attribute: number): TcAction[] | undefined {
  if (!options.has(attribute)) return undefined;
  // They are numbered from 1.
  return [...nestedAttributes(options, attribute).entries()]
    .sort(([a], [b]) => a - b)
    .map(([, bytes]) => decodeAttributes(bytes))
    .filter(action => attributeText(action, TCA_ACT_KIND) === 'bpf')
    .map(action => nestedAttributes(action, TCA_ACT_OPTIONS))
    .map(act => ({
      name: attributeText(act, TCA_ACT_BPF_NAME),
      programId: attributeU32(act, TCA_ACT_BPF_ID),
    }));
}
