import type { MapParts } from '../bpf-map.js';
import { indexKeyCodec } from '../element-codec.js';
import { DeviceMap } from './device-map.js';

/** `BPF_MAP_TYPE_DEVMAP` (Linux 4.14, programs 5.8; kernel/bpf/devmap.c): network interfaces by index. */
export class DevMap extends DeviceMap {
  constructor(parts: MapParts) {
    super(parts, indexKeyCodec(parts.def, Number(parts.info['key_size'])));
  }
}
