import type { MapParts } from '../bpf-map.js';
import type { Element } from '../element-codec.js';
import { KeyValueMap } from '../key-value-map.js';
import { lpmKeyCodec } from './lpm-key.js';

/**
 * `BPF_MAP_TYPE_LPM_TRIE` (Linux 4.11; kernel/bpf/lpm_trie.c): values by prefix. `get` finds the longest prefix that contains the one asked for:
 * `set('10.0.0.0/8', 1)`, then `get('10.1.2.3')` is 1; `delete` takes the very prefix. Keys read as `10.0.0.0/8` or `2001:db8::/32` when their data is 4 or 16
 * bytes in one member, see {@link LpmPrefix} for others; a key struct of more members is read by its BTF.
 */
export class LpmTrie<K = Element, V = Element> extends KeyValueMap<K, V> {
  constructor(parts: MapParts) {
    super(parts, parts.def.keyCodec ? {} : { key: lpmKeyCodec(parts.def, Number(parts.info.key_size)) });
  }
}
