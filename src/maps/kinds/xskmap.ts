import { type FdSource, fdOf } from '../borrowed-fd.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import { indexKeyCodec, placeOf } from '../element-codec.js';
import { KeyValueMap } from '../key-value-map.js';
import type { UpdateMode } from '../update-mode.js';
import { idCodec } from './id-codec.js';

/** `BPF_MAP_TYPE_XSKMAP` (Linux 4.18; net/xdp/xskmap.c): AF_XDP sockets that bpf_redirect_map() hands packets to, by index. User space can't read it. */
export class XskMap extends BpfMap {
  readonly #sockets: KeyValueMap<number, number>;

  constructor(parts: MapParts) {
    super(parts);
    const key = indexKeyCodec(parts.def, this.keySize);
    this.#sockets = new KeyValueMap(parts, { key, value: idCodec(placeOf(parts.def, 'value')) });
  }

  /** Puts an AF_XDP socket at an index; the map lets it go when it is closed. Throws BpfError: EOPNOTSUPP for another kind of socket. */
  set(index: number, socket: FdSource, mode: UpdateMode = 'any'): this {
    this.#sockets.set(index, fdOf(socket, placeOf(this.parts.def, 'value')), mode);
    return this;
  }

  /** Empties an index. The kernel does not tell whether it had a socket. */
  delete(index: number): void {
    this.#sockets.delete(index);
  }
}
