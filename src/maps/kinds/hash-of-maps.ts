import type { MapParts } from '../bpf-map.js';
import { elementCodec } from '../element-codec.js';
import { MapOfMaps } from './map-of-maps.js';

/** `BPF_MAP_TYPE_HASH_OF_MAPS` (Linux 4.12; kernel/bpf/hashtab.c): maps by key. */
export class HashOfMaps extends MapOfMaps {
  constructor(parts: MapParts) {
    super(parts, elementCodec(parts.def, 'key', Number(parts.info['key_size'])));
  }
}
