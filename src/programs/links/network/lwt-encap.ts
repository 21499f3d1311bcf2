import { BpfProgType } from '../../../abi/index.js';
import type { NetlinkAttribute } from '../../../syscall/index.js';
import type { Attachable } from '../attachable.js';

/** Attributes of include/uapi/linux/rtnetlink.h. */
const RTA_ENCAP_TYPE = 21;
const RTA_ENCAP = 22;
/** Kinds of encapsulation, and attributes, of include/uapi/linux/lwtunnel.h. */
const LWTUNNEL_ENCAP_BPF = 6;
const LWTUNNEL_ENCAP_SEG6_LOCAL = 7;
const LWT_BPF_XMIT_HEADROOM = 4;
/** Where a program runs. */
const points = new Map<number, number>([
  [BpfProgType.BPF_PROG_TYPE_LWT_IN, 1],
  [BpfProgType.BPF_PROG_TYPE_LWT_OUT, 2],
  [BpfProgType.BPF_PROG_TYPE_LWT_XMIT, 3],
]);
/** Of include/uapi/linux/seg6_local.h. */
const SEG6_LOCAL_ACTION = 1;
const SEG6_LOCAL_BPF = 8;
const SEG6_LOCAL_ACTION_END_BPF = 15;

/** What makes a route run a program. Throws TypeError for a program of another type. */
export function encapsulation({ file, fd, name, spec }: Attachable, headroom = 0): NetlinkAttribute[] {
  if (!Number.isInteger(headroom) || headroom < 0 || headroom > 256)
    throw new TypeError('headroom: must be a whole number from 0 to 256');
  // LWT_BPF_PROG_FD and _NAME have the numbers of SEG6_LOCAL_BPF_PROG and _NAME.
  const program: NetlinkAttribute[] = [
    [1, fd],
    [2, name],
  ];
  if (spec.type === BpfProgType.BPF_PROG_TYPE_LWT_SEG6LOCAL)
    return [
      [RTA_ENCAP_TYPE, u16(LWTUNNEL_ENCAP_SEG6_LOCAL)],
      [
        RTA_ENCAP,
        [
          [SEG6_LOCAL_ACTION, SEG6_LOCAL_ACTION_END_BPF],
          [SEG6_LOCAL_BPF, program],
        ],
      ],
    ];
  const point = points.get(spec.type ?? 0);
  if (point === undefined)
    throw new TypeError(
      `${file}: program ${name}: a route runs programs of sections lwt_in, lwt_out, lwt_xmit and lwt_seg6local, not ${spec.section}`,
    );
  const encap: NetlinkAttribute[] = [[point, program]];
  if (headroom) encap.push([LWT_BPF_XMIT_HEADROOM, headroom]);
  return [
    [RTA_ENCAP_TYPE, u16(LWTUNNEL_ENCAP_BPF)],
    [RTA_ENCAP, encap],
  ];
}

function u16(value: number): Uint8Array {
  return new Uint8Array(Uint16Array.of(value).buffer);
}
