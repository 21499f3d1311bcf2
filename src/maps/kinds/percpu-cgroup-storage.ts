import type { MapParts } from '../bpf-map.js';
import type { Element } from '../element-codec.js';
import { type CgroupStorageKey, cgroupKeyCodec } from './cgroup-key.js';
import { PercpuMap } from './percpu-map.js';

/** `BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE` (Linux 4.20; kernel/bpf/local_storage.c): cgroup storage with a value for each CPU. */
export class PercpuCgroupStorage<K = CgroupStorageKey | bigint | string, V = Element> extends PercpuMap<
  K,
  V
> {
  constructor(parts: MapParts) {
    super(
      parts,
      parts.def.keyCodec ? {} : { key: cgroupKeyCodec(parts.def, Number(parts.info['key_size'])) },
    );
  }
}
