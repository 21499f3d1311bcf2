import { BpfCmd, BpfMapType, bpfMapInfo } from '../abi/index.js';
import type { Kernel } from '../kernel/index.js';
import { BpfError, bpf, type OwnedFd, type Sys } from '../syscall/index.js';
import { ArrayMap } from './array.js';
import { BpfMap, type MapParts } from './bpf-map.js';
import { HashMap } from './hash.js';
import type { MapDef } from './map-def.js';
import { PerfEventArray } from './perf-event-array.js';
import { ProgArray } from './prog-array.js';
import { RingBuf } from './ring-buf.js';

const classes: Readonly<Record<number, new (parts: MapParts) => BpfMap>> = {
  [BpfMapType.BPF_MAP_TYPE_HASH]: HashMap,
  [BpfMapType.BPF_MAP_TYPE_ARRAY]: ArrayMap,
  [BpfMapType.BPF_MAP_TYPE_PROG_ARRAY]: ProgArray,
  [BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY]: PerfEventArray,
  [BpfMapType.BPF_MAP_TYPE_RINGBUF]: RingBuf,
};

/** Wraps a map's fd, and from then on owns it, as the class of the type that the kernel says it has; BpfMap itself for a type without one. Throws BpfError. */
export function wrapMap(sys: Sys, kernel: Kernel, fd: OwnedFd, def: MapDef): BpfMap {
  const info = new Uint8Array(bpfMapInfo.size);
  const result = bpf(sys, BpfCmd.BPF_OBJ_GET_INFO_BY_FD, { bpf_fd: fd.value, info_len: info.length, info });
  if (result < 0)
    throw new BpfError({
      syscall: 'bpf',
      cmd: BpfCmd.BPF_OBJ_GET_INFO_BY_FD,
      errno: -result,
      what: `map ${def.name}`,
    });
  const parts: MapParts = { sys, kernel, fd, def, info: bpfMapInfo.decode(info) };
  return new (classes[Number(parts.info.type)] ?? BpfMap)(parts);
}
