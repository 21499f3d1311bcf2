import { Errno } from '../../syscall/index.js';
import type { Reasons } from '../bpf-map.js';

/** Why a sockmap or sockhash refuses a socket (sock_map_update_elem_sys in net/core/sock_map.c). */
export const sockmapReasons: Reasons = {
  [Errno.EOPNOTSUPP]:
    'it takes TCP sockets that are connected or listen, Unix sockets that are connected, and UDP sockets',
  [Errno.ENOTSOCK]: 'the descriptor is not of a socket',
  [Errno.E2BIG]: 'the map is full, or the index is not below its max_entries',
};
