import type { Element } from '../element-codec.js';
import { LocalStorage } from './local-storage.js';
import { type SocketSource, socketFd } from './socket-fd.js';

/** `BPF_MAP_TYPE_SK_STORAGE` (Linux 5.2; net/core/bpf_sk_storage.c): a value for a socket: one of Node's, or an fd. */
export class SkStorage<V = Element> extends LocalStorage<SocketSource, V> {
  protected override withFd<T>(socket: SocketSource, what: string, use: (fd: number) => T): T {
    return use(socketFd(socket, what));
  }
}
