import type { Attachable } from '../attachable.js';
import type { LinkParts } from '../link.js';
import type { MprogOrder } from '../mprog-order.js';
import { attachDevice, deviceAttachType } from './device-link.js';

/** The packets of a network interface, as traffic control does, by a link. Linux 6.6. */
export interface TcxTarget extends MprogOrder {
  readonly kind: 'tcx';
  /** Name or index. */
  readonly interface: string | number;
  /** Default: as the program was loaded. */
  readonly direction?: 'ingress' | 'egress';
}

/**
 * Attaches to what comes in at or goes out of a network interface, among other programs: a BPF link, Linux 6.6; kernel/bpf/tcx.c. The program returns
 * `TCX_NEXT` to let the next one run. Throws UnsupportedFeatureError on older kernels, where `kind: 'tc'` does the same.
 */
export function attachTcx(program: Attachable, target: TcxTarget): LinkParts {
  return attachDevice(
    program,
    target,
    deviceAttachType(program, 'direction', target.direction, ['ingress', 'egress']),
  );
}
