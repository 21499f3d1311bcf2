import { BpfCmd } from '../../abi/index.js';
import { Errno } from '../../syscall/index.js';
import { type FdSource, withFile } from '../borrowed-fd.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import { type Element, indexKeyCodec, placeOf } from '../element-codec.js';
import { KeyValueMap } from '../key-value-map.js';
import { idCodec } from './id-codec.js';

/**
 * `BPF_MAP_TYPE_CGROUP_ARRAY` (Linux 4.8; kernel/bpf/arraymap.c): cgroups that bpf_current_task_under_cgroup() and bpf_skb_under_cgroup() ask about, by
 * index. User space can't read it.
 */
export class CgroupArray extends BpfMap {
  readonly #cgroups: KeyValueMap<Element, number>;

  constructor(parts: MapParts) {
    super(parts);
    const key = indexKeyCodec(parts.def, this.keySize);
    this.#cgroups = new KeyValueMap(parts, { key, value: idCodec(placeOf(parts.def, 'value')) });
  }

  /**
   * Puts a cgroup v2 at an index: its folder (`/sys/fs/cgroup/…`) or an fd of that. Throws BpfError: EBADF for what is no cgroup v2, E2BIG for an
   * index that is not below maxEntries.
   */
  set(index: number, cgroup: string | FdSource): this {
    const name = typeof cgroup === 'string' ? cgroup : 'the descriptor';
    const reasons = { [Errno.EBADF]: `${name} is no folder of cgroup v2` };
    withFile(cgroup, placeOf(this.parts.def, 'value'), fd =>
      this.explained(BpfCmd.BPF_MAP_UPDATE_ELEM, reasons, () => this.#cgroups.set(index, fd)),
    );
    return this;
  }

  /** Empties an index: true when a cgroup was there. */
  delete(index: number): boolean {
    return this.#cgroups.delete(index);
  }
}
