import type { MapParts } from '../bpf-map.js';
import type { Element } from '../element-codec.js';
import { KeyValueMap } from '../key-value-map.js';
import { type CgroupStorageKey, cgroupKeyCodec } from './cgroup-key.js';

/**
 * `BPF_MAP_TYPE_CGROUP_STORAGE` (Linux 4.19, superseded by cgrp storage; kernel/bpf/local_storage.c): a value for each cgroup that a program which uses the map
 * is attached to, by {@link CgroupStorageKey} or by the inode number alone. Attaching makes the values and detaching drops them: `set` changes only what is
 * there, and `delete` is refused.
 */
export class CgroupStorage<K = CgroupStorageKey | bigint | string, V = Element> extends KeyValueMap<K, V> {
  constructor(parts: MapParts) {
    super(
      parts,
      parts.def.keyCodec ? {} : { key: cgroupKeyCodec(parts.def, Number(parts.info['key_size'])) },
    );
  }
}
