import { perfEventAttr, type StructRecord } from '../abi/index.js';
import { pointing } from './attr.js';
import type { Pointed, Sys } from './sys.js';

/** `_IO('$', n)` and friends of include/uapi/linux/perf_event.h. */
export const PERF_EVENT_IOC_ENABLE = 0x2400;
export const PERF_EVENT_IOC_DISABLE = 0x2401;
export const PERF_EVENT_IOC_SET_BPF = 0x40042408;
/** Linux 4.7. */
export const PERF_EVENT_IOC_PAUSE_OUTPUT = 0x40042409;
export const PERF_FLAG_FD_CLOEXEC = 8;

/** `PERF_ATTR_SIZE_VER5`, Linux 4.1. More is passed where a later field is set: a kernel that does not know it answers E2BIG. */
const ATTR_SIZE = 112;

/** Calls perf_event_open(2) with the fields given (by the kernel's names; `size` is filled in): the fd, or `-errno`. */
export function perfEventOpen(
  sys: Sys,
  attr: StructRecord,
  pid: number,
  cpu: number,
  groupFd: number,
  flags = PERF_FLAG_FD_CLOEXEC,
): number {
  const pointed: Pointed[] = [];
  const whole = perfEventAttr.encode({ ...attr, size: ATTR_SIZE }, pointing(sys.addressOf, pointed));
  return sys.perfEventOpen(whole.subarray(0, ATTR_SIZE), pid, cpu, groupFd, flags, pointed);
}
