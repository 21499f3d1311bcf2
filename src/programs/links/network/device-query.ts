import { BpfCmd } from '../../../abi/index.js';
import { errorFor } from '../../../kernel/index.js';
import { attrSchema, bpfInOut, Errno, liveSys, type Sys } from '../../../syscall/index.js';
import { deviceAttachTypes } from './device-link.js';
import { interfaceIndex } from './network-interface.js';

/** The programs of one side of a network interface. */
export interface DevicePrograms {
  /** Grows with each program that is attached or detached; for `expectedRevision`. */
  readonly revision: bigint;
  /** In the order in which they run; `linkId` is undefined for one that no link holds. */
  readonly programs: readonly { readonly id: number; readonly linkId: number | undefined }[];
}

export interface DeviceQueryOptions {
  /** Default: this machine's kernel. */
  readonly sys?: Sys;
}

/** The programs that tcx runs on an interface, by name or index: BPF_PROG_QUERY, Linux 6.6. Throws UnsupportedFeatureError before that, BpfError. */
export function queryTcx(
  nameOrIndex: string | number,
  direction: 'ingress' | 'egress',
  { sys = liveSys() }: DeviceQueryOptions = {},
): DevicePrograms {
  const what = `the tcx ${direction} programs of ${nameOrIndex}`;
  const ifindex = interfaceIndex(sys, nameOrIndex, what);
  return query(sys, ifindex, deviceAttachTypes[direction], what, { feature: 'tcx', since: '6.6' });
}

/** The programs of a netkit device, by name or index of the primary device: BPF_PROG_QUERY, Linux 6.7. Throws UnsupportedFeatureError before that, BpfError. */
export function queryNetkit(
  nameOrIndex: string | number,
  side: 'primary' | 'peer',
  { sys = liveSys() }: DeviceQueryOptions = {},
): DevicePrograms {
  const what = `the netkit ${side} programs of ${nameOrIndex}`;
  const ifindex = interfaceIndex(sys, nameOrIndex, what);
  return query(sys, ifindex, deviceAttachTypes[side], what, { feature: 'netkit', since: '6.7' });
}

/** All of the attr is sent: the kernel looks at its size before it writes the revision. */
const attrSize = attrSchema(BpfCmd.BPF_PROG_QUERY).size;
/** An interface takes 64 programs (BPF_MPROG_MAX). */
const room = 64;

function query(
  sys: Sys,
  ifindex: number,
  attachType: number,
  what: string,
  missing: { readonly feature: string; readonly since: string },
): DevicePrograms {
  const found = askDevice(sys, ifindex, attachType);
  if (typeof found !== 'number') return found;
  throw errorFor(found === Errno.EINVAL ? { reason: 'this kernel does not know it', missing } : undefined, {
    syscall: 'bpf',
    cmd,
    errno: found,
    what,
  });
}

const cmd = BpfCmd.BPF_PROG_QUERY;

/** The programs of an interface for one of {@link deviceAttachTypes}, or the positive errno of the refusal. */
export function askDevice(sys: Sys, target_ifindex: number, attach_type: number): DevicePrograms | number {
  const ids = new Uint32Array(room);
  const linkIds = new Uint32Array(room);
  const record = {
    target_ifindex,
    attach_type,
    prog_cnt: room,
    prog_ids: new Uint8Array(ids.buffer),
    link_ids: new Uint8Array(linkIds.buffer),
  };
  const { result, attr } = bpfInOut(sys, cmd, record, attrSize);
  if (result < 0) return -result;
  const programs = [...ids.subarray(0, Number(attr['prog_cnt']))];
  return {
    revision: attr['revision'] as bigint,
    programs: programs.map((id, i) => ({ id, linkId: linkIds[i] || undefined })),
  };
}
