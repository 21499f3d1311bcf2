import { BpfCmd } from '../../abi/index.js';
import { BpfError, Errno } from '../../syscall/index.js';
import { BpfMap, type MapParts, type Reasons } from '../bpf-map.js';
import { type Element, type ElementCodec, placeOf } from '../element-codec.js';
import { littleEndian } from '../host-endian.js';
import { type Given, KeyValueMap } from '../key-value-map.js';
import type { UpdateMode } from '../update-mode.js';
import { type SocketSource, socketFd } from './socket-fd.js';

/** Sockets by key. Reading gives a socket's cookie (what `SO_COOKIE` and bpf_get_socket_cookie() say), and only where the map's values have 8 bytes. */
export abstract class SocketMap<K = Element> extends BpfMap {
  readonly #sockets: KeyValueMap<K, bigint>;

  /** Why the map refuses a socket, by errno. */
  readonly #reasons: Reasons;

  constructor(parts: MapParts, key: ElementCodec<unknown>, reasons: Reasons) {
    super(parts);
    this.#reasons = reasons;
    this.#sockets = new KeyValueMap<K, bigint>(parts, { key, value: socketCodec(this.valueSize) });
  }

  /** The cookie of a key's socket; undefined when it has none. Throws BpfError: ENOSPC in a map whose values have 4 bytes. */
  get(key: K): bigint | undefined {
    const reasons = {
      [Errno.ENOSPC]: `a cookie has 8 bytes, the map's values have ${this.valueSize}: define it with values of __u64`,
    };
    return this.explained(BpfCmd.BPF_MAP_LOOKUP_ELEM, reasons, () => this.#sockets.get(key as Given<K>));
  }

  /** Puts a socket in; closing the socket takes it out. Throws TypeError for what is no socket, or one that is not open, BpfError for one in a state that the map does not take. */
  set(key: K, socket: SocketSource, mode: UpdateMode = 'any'): this {
    const fd = socketFd(socket, placeOf(this.parts.def, 'value'));
    this.explained(BpfCmd.BPF_MAP_UPDATE_ELEM, this.#reasons, () =>
      this.#sockets.set(key as Given<K>, BigInt(fd), mode),
    );
    return this;
  }

  /** Takes a socket out: true when the key had one. */
  delete(key: K): boolean {
    try {
      return this.#sockets.delete(key as Given<K>);
    } catch (error) {
      // A sockmap says so of an index without a socket (__sock_map_delete in net/core/sock_map.c).
      if (error instanceof BpfError && error.errno === Errno.EINVAL) return false;
      throw error;
    }
  }

  /** The keys that have a socket, with its cookie. Throws BpfError as {@link get} does. */
  entries(): IterableIterator<[K, bigint]> {
    return this.#sockets.entries();
  }

  [Symbol.iterator](): IterableIterator<[K, bigint]> {
    return this.entries();
  }
}

/** An fd when written, a cookie when read. */
function socketCodec(size: number): ElementCodec<bigint> {
  return {
    size,
    readAt: (view, offset) => view.getBigUint64(offset, littleEndian),
    writeAt(view, offset, fd) {
      if (size === 8) view.setBigUint64(offset, fd as bigint, littleEndian);
      else view.setUint32(offset, Number(fd), littleEndian);
    },
  };
}
