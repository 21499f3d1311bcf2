import type { MapParts } from '../bpf-map.js';
import { type Element, elementCodec } from '../element-codec.js';
import { SocketMap } from './socket-map.js';
import { sockmapReasons } from './sockmap-reasons.js';

/** `BPF_MAP_TYPE_SOCKHASH` (Linux 4.18; net/core/sock_map.c): sockets by key, such as the addresses and ports of a connection. Reading takes Linux 5.7. */
export class SockHash<K = Element> extends SocketMap<K> {
  constructor(parts: MapParts) {
    super(parts, elementCodec(parts.def, 'key', Number(parts.info['key_size'])), sockmapReasons);
  }
}
