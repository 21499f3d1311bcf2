import type { MapParts } from '../bpf-map.js';
import { indexKeyCodec } from '../element-codec.js';
import { DeviceMap } from './device-map.js';

/** `BPF_MAP_TYPE_DEVMAP_HASH` (Linux 5.4, programs 5.8; kernel/bpf/devmap.c): network interfaces by any 32-bit number, such as their own index. */
export class DevMapHash extends DeviceMap {
  constructor(parts: MapParts) {
    super(parts, indexKeyCodec(parts.def, Number(parts.info['key_size'])));
  }
}
