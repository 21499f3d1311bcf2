import type { Attachable } from '../attachable.js';
import { createLink } from '../bpf-link.js';
import type { LinkParts } from '../link.js';
import { interfaceIndex } from './network-interface.js';
import { explainXdp } from './xdp-explain.js';
import { attachXdpWithoutLink } from './xdp-netlink.js';
import type { XdpMode } from './xdp-query.js';

/** The packets that a network interface receives, before the kernel's stack sees them. */
export interface XdpTarget {
  readonly kind: 'xdp';
  /** Name or index. */
  readonly interface: string | number;
  /**
   * Where it runs: in the driver, in the network stack (any driver, slower), on the device (the program loaded for it). Default: in the driver where that can, else
   * in the stack.
   */
  readonly mode?: XdpMode;
}

/** `XDP_FLAGS_*` of include/uapi/linux/if_link.h. */
const flagsOfModes: Readonly<Record<XdpMode, number>> = { generic: 1 << 1, native: 1 << 2, offload: 1 << 3 };

/** Flags that name a mode; 0 for none. Throws TypeError for what is no mode. */
export function modeFlags(mode: XdpMode | undefined): number {
  if (mode === undefined) return 0;
  if (mode in flagsOfModes) return flagsOfModes[mode];
  throw new TypeError(
    `mode: ${JSON.stringify(mode)} is none; there are ${Object.keys(flagsOfModes).join(', ')}`,
  );
}

/**
 * Attaches to a network interface: a BPF link (Linux 5.9), before that by netlink (4.8), which outlives a process that is killed; net/core/dev.c.
 * Throws BpfError when the interface has a program already, or its driver cannot do it.
 */
export function attachXdp(program: Attachable, target: XdpTarget): LinkParts {
  const { kind, mode } = target;
  const place = String(target.interface);
  const ifindex = interfaceIndex(
    program.sys,
    target.interface,
    `${program.file}: program ${program.name}: attach to ${kind} ${place}`,
  );
  const flags = modeFlags(mode);
  const attempt = { program, target, ifindex };
  try {
    const explain = (errno: number) => explainXdp(attempt, errno);
    return createLink(program, { kind, target: place, explain }, { target_ifindex: ifindex, flags });
  } catch (error) {
    // Asking first whether the kernel has such links would take more calls than the attachment.
    if (program.kernel.has('xdp_link')) throw error;
    return attachXdpWithoutLink(attempt, flags);
  }
}
