import { BpfCmd, BpfFlags } from '../../abi/index.js';
import { Errno, MapElem } from '../../syscall/index.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import { type ElementCodec, elementCodec } from '../element-codec.js';

/** `BPF_MAP_TYPE_BLOOM_FILTER` (Linux 5.16; kernel/bpf/bloom_filter.c): a set that may say yes for a value that was never added, never no for one that was. */
export class BloomFilter extends BpfMap {
  /** Hash functions, the low 4 bits of the map's `map_extra`; what the kernel uses for 0 is 5. */
  readonly hashes: number;
  readonly #elem: MapElem;
  readonly #value: ElementCodec;

  constructor(parts: MapParts) {
    super(parts);
    this.hashes = Number(BigInt(parts.info.map_extra as bigint) & 0xfn) || 5;
    this.#value = elementCodec(parts.def, 'value', this.valueSize);
    this.#elem = new MapElem(parts.sys, this.fd, 0, this.valueSize);
  }

  /** Adds a value, which nothing takes out again. Throws TypeError for a value of the wrong shape, BpfError. */
  add(value: unknown): this {
    this.#value.writeAt(this.#ready().valueView, 0, value);
    const result = this.#elem.update(BpfFlags.BPF_ANY);
    if (result < 0) throw this.refused(BpfCmd.BPF_MAP_UPDATE_ELEM, -result);
    return this;
  }

  /** False: the value was not added. True: it was, or others that hash alike were. Throws TypeError for a value of the wrong shape, BpfError. */
  mayHave(value: unknown): boolean {
    this.#value.writeAt(this.#ready().valueView, 0, value);
    const result = this.#elem.lookup();
    if (result < 0 && result !== -Errno.ENOENT) throw this.refused(BpfCmd.BPF_MAP_LOOKUP_ELEM, -result);
    return result === 0;
  }

  /** The prepared calls; throws TypeError after close(), before their fd can be somebody else's. */
  #ready(): MapElem {
    this.fd;
    return this.#elem;
  }
}
