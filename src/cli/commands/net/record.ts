import {
  type InterfacePrograms,
  type NetfilterLinkInfo,
  type NetworkPrograms,
  openProgram,
  type TcFilterInfo,
  type XdpMode,
} from '../../../programs/index.js';
import { BpfError } from '../../../syscall/index.js';

/** What `bpftool -j net list` prints, and `sk_lookup`, which it does not know. */
export interface NetworkRecord {
  readonly xdp: readonly XdpRecord[];
  readonly tc: readonly TcRecord[];
  readonly flow_dissector: readonly { readonly id: number }[];
  readonly netfilter: readonly NetfilterRecord[];
  readonly sk_lookup: readonly { readonly id: number }[];
}

interface Device {
  readonly devname: string;
  readonly ifindex: number;
}

export interface ModeRecord {
  readonly mode: string;
  readonly id: number;
}

export type XdpRecord = Device & (ModeRecord | { readonly multi_attachments: readonly ModeRecord[] });

export interface ActionRecord {
  readonly name?: string;
  readonly id?: number;
}

/** Of tcx and netkit with `prog_id` and what follows it, of a filter with `id` or `act`. */
export interface TcRecord extends Device, ActionRecord {
  readonly kind: string;
  readonly act?: readonly ActionRecord[];
  readonly prog_id?: number;
  readonly prog_flags?: readonly number[];
  readonly link_id?: number;
  readonly link_flags?: readonly number[];
}

export interface NetfilterRecord {
  readonly pf: number;
  readonly hook: number;
  readonly prio: number;
  readonly flags: number;
  readonly id: number;
}

export function networkRecord(found: NetworkPrograms): NetworkRecord {
  const { interfaces, flowDissector, netfilter, skLookup } = found;
  return {
    xdp: interfaces.flatMap(xdpRecords),
    tc: interfaces.flatMap(tcRecords),
    flow_dissector: flowDissector === undefined ? [] : [{ id: flowDissector }],
    netfilter: netfilter.map(netfilterRecord),
    sk_lookup: skLookup.map(id => ({ id })),
  };
}

const modes: readonly (readonly [XdpMode, string])[] = [
  ['generic', 'generic'],
  ['native', 'driver'],
  ['offload', 'offload'],
];

function xdpRecords({ name, ifindex, xdp }: InterfacePrograms): XdpRecord[] {
  const found = modes.flatMap(([mode, word]) => {
    const id = xdp[mode];
    return id === undefined ? [] : [{ mode: word, id }];
  });
  const [first, ...others] = found;
  if (!first) return [];
  const device = { devname: name, ifindex };
  return [others.length === 0 ? { ...device, ...first } : { ...device, multi_attachments: found }];
}

function tcRecords({ name, ifindex, device, filters }: InterfacePrograms): TcRecord[] {
  const place = { devname: name, ifindex };
  return [
    ...device.map(({ side, programId, linkId }) => ({
      ...place,
      kind: side,
      ...nameOf(programId),
      prog_id: programId,
      // The kernel has flags of neither (bpf_mprog_query in kernel/bpf/mprog.c).
      prog_flags: [],
      link_id: linkId ?? 0,
      link_flags: [],
    })),
    ...filters.map(filter => ({ ...place, ...filterRecord(filter) })),
  ];
}

function filterRecord({ place, name, programId, actions }: TcFilterInfo): Omit<TcRecord, keyof Device> {
  return {
    kind: place,
    ...actionRecord({ name, programId }),
    ...(actions ? { act: actions.map(actionRecord) } : {}),
  };
}

function actionRecord({ name, programId }: Pick<TcFilterInfo, 'name' | 'programId'>): ActionRecord {
  return { ...(name === undefined ? {} : { name }), ...(programId === undefined ? {} : { id: programId }) };
}

/** Nothing for a program without a name, or that is gone by now. */
function nameOf(id: number): { readonly name?: string } {
  try {
    using program = openProgram({ id });
    return program.info().name ? { name: program.fullName() } : {};
  } catch (error) {
    if (error instanceof BpfError) return {};
    throw error;
  }
}

function netfilterRecord({ pf, hooknum, priority, flags, progId }: NetfilterLinkInfo): NetfilterRecord {
  return { pf, hook: hooknum, prio: priority, flags, id: progId };
}
