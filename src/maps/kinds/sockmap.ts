import type { MapParts } from '../bpf-map.js';
import { indexKeyCodec } from '../element-codec.js';
import { SocketMap } from './socket-map.js';
import { sockmapReasons } from './sockmap-reasons.js';

/**
 * `BPF_MAP_TYPE_SOCKMAP` (Linux 4.14; net/core/sock_map.c): sockets by index, whose data the sk_skb and sk_msg programs attached to the map handle and redirect.
 * Reading takes Linux 5.7.
 */
export class SockMap extends SocketMap<number> {
  constructor(parts: MapParts) {
    super(parts, indexKeyCodec(parts.def, Number(parts.info['key_size'])), sockmapReasons);
  }
}
