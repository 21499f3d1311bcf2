import type { Attachable } from '../attachable.js';
import type { LinkParts } from '../link.js';
import type { MprogOrder } from '../mprog-order.js';
import { attachDevice, deviceAttachType } from './device-link.js';

/** The packets that a netkit device sends. Linux 6.7. */
export interface NetkitTarget extends MprogOrder {
  readonly kind: 'netkit';
  /** Name or index of the primary device. */
  readonly interface: string | number;
  /** Whose packets: those of the primary device, or those of its peer. Default: as the program was loaded. */
  readonly side?: 'primary' | 'peer';
}

/**
 * Attaches to the packets that a netkit device or its peer sends, among other programs: a BPF link, Linux 6.7; drivers/net/netkit.c. Both sides are
 * attached to through the primary device.
 */
export function attachNetkit(program: Attachable, target: NetkitTarget): LinkParts {
  return attachDevice(program, target, deviceAttachType(program, 'side', target.side, ['primary', 'peer']));
}
