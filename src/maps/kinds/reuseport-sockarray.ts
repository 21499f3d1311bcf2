import { Errno } from '../../syscall/index.js';
import type { MapParts, Reasons } from '../bpf-map.js';
import { indexKeyCodec } from '../element-codec.js';
import { SocketMap } from './socket-map.js';

/**
 * `BPF_MAP_TYPE_REUSEPORT_SOCKARRAY` (Linux 4.19; kernel/bpf/reuseport_array.c): sockets that share a port, by index, from which a sk_reuseport
 * program takes one by bpf_sk_select_reuseport().
 */
export class ReuseportSockArray extends SocketMap<number> {
  constructor(parts: MapParts) {
    super(parts, indexKeyCodec(parts.def, Number(parts.info['key_size'])), reasons);
  }
}

/** reuseport_array_update_check in kernel/bpf/reuseport_array.c. */
const reasons: Reasons = {
  [Errno.EINVAL]: 'the socket must have SO_REUSEPORT set before it was bound, and be bound',
  [Errno.EBUSY]: 'the socket is in such a map already',
  [Errno.ENOTSUPP]: 'it takes TCP sockets that listen and UDP sockets, of IPv4 or IPv6',
  [Errno.E2BIG]: 'the index is not below its max_entries',
};
