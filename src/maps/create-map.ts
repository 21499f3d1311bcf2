import { BpfMapType } from '../abi/index.js';
import type { Kernel } from '../kernel/index.js';
import type { OwnedFd, Sys } from '../syscall/index.js';
import { ArrayMap } from './array.js';
import { BpfMap, type MapParts } from './bpf-map.js';
import { HashMap } from './hash.js';
import type { MapDef } from './map-def.js';
import { queryMapInfo } from './map-info.js';
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
  const parts: MapParts = { sys, kernel, fd, def, info: queryMapInfo(sys, fd.value, `map ${def.name}`) };
  return new (classes[Number(parts.info.type)] ?? BpfMap)(parts);
}
