import type { MapParts } from '../bpf-map.js';
import { indexKeyCodec } from '../element-codec.js';
import { MapOfMaps } from './map-of-maps.js';

/** `BPF_MAP_TYPE_ARRAY_OF_MAPS` (Linux 4.12; kernel/bpf/arraymap.c): maps by index. */
export class ArrayOfMaps extends MapOfMaps {
  constructor(parts: MapParts) {
    super(parts, indexKeyCodec(parts.def, Number(parts.info['key_size'])));
  }
}
