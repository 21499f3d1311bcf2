import type { BtfTypes } from '../../btf/index.js';
import { bytesAt, bytesCodec, type ElementCodec, elementCodec, placeOf } from '../element-codec.js';
import { littleEndian } from '../host-endian.js';
import type { MapDef } from '../map-def.js';
import { formatAddress, parseAddress } from './ip-address.js';

/** Bytes of `prefixlen`, which every key begins with. */
const prefixSize = 4;

/** A prefix that is no address: its first `prefixlen` bits count, from the highest of the first byte. */
export interface LpmPrefix {
  readonly prefixlen: number;
  readonly data: Uint8Array;
}

/**
 * The codec of `struct bpf_lpm_trie_key` and its like: u32 `prefixlen` in host order, then data in network order. A struct with more than one member
 * of data is read by its BTF. Else 4 bytes of data are IPv4 (`10.0.0.0/8`) and 16 are IPv6 (`2001:db8::/32`); others are {@link LpmPrefix}.
 */
export function lpmKeyCodec(def: MapDef, size: number): ElementCodec<unknown> {
  const { btf, keyTypeId = 0 } = def;
  const place = placeOf(def, 'key');
  if (btf && keyTypeId && btf.sizeOf(keyTypeId) === size && hasManyMembers(btf, keyTypeId))
    return elementCodec(def, 'key', size);
  const raw = bytesCodec(size, place);
  const dataSize = size - prefixSize;
  const isAddress = dataSize === 4 || dataSize === 16;
  return {
    size,
    readAt(view, offset) {
      const prefixlen = view.getUint32(offset, littleEndian);
      const data = bytesAt(view, offset + prefixSize, dataSize).slice();
      return isAddress ? `${formatAddress(data)}/${prefixlen}` : { prefixlen, data };
    },
    writeAt(view, offset, value) {
      if (value instanceof Uint8Array) return raw.writeAt(view, offset, value);
      const { prefixlen, data } =
        isAddress && typeof value === 'string' ? parsePrefix(value) : asPrefix(value, place, isAddress);
      if (data.length !== dataSize)
        throw new TypeError(`${place}: ${wrongSize(value, data.length, dataSize)}`);
      if (!Number.isInteger(prefixlen) || prefixlen < 0 || prefixlen > 8 * dataSize)
        throw new TypeError(`${place}: prefixlen ${prefixlen} is not within 0 to ${8 * dataSize}`);
      const network = masked(data, prefixlen);
      if (network.some((byte, i) => byte !== data[i]))
        throw new TypeError(
          `${place}: ${typeof value === 'string' ? value : 'data'} has bits set beyond its prefix${isAddress ? `; the network is ${formatAddress(network)}/${prefixlen}` : ''}`,
        );
      view.setUint32(offset, prefixlen, littleEndian);
      bytesAt(view, offset + prefixSize, dataSize).set(data);
    },
  };
}

/** `10.0.0.0/8`, or an address alone, which is a prefix of all of its bits. */
function parsePrefix(text: string): LpmPrefix {
  const slash = text.indexOf('/');
  const data = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (slash < 0) return { prefixlen: 8 * data.length, data };
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits))
    throw new TypeError(`${text}: ${digits || 'nothing'} after / is not a prefix length`);
  return { prefixlen: Number(digits), data };
}

function asPrefix(value: unknown, place: string, isAddress: boolean): LpmPrefix {
  const { prefixlen, data } = Object(value) as Partial<LpmPrefix>;
  if (typeof prefixlen === 'number' && data instanceof Uint8Array) return { prefixlen, data };
  const wanted = isAddress
    ? 'a prefix such as ADDRESS/LENGTH, or {prefixlen, data: Uint8Array}'
    : '{prefixlen, data: Uint8Array}';
  throw new TypeError(`${place}: must be ${wanted}`);
}

function masked(data: Uint8Array, prefixlen: number): Uint8Array {
  return data.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixlen - 8 * i))));
}

function wrongSize(value: unknown, size: number, wanted: number): string {
  const family = (bytes: number): string => (bytes === 4 ? 'IPv4' : 'IPv6');
  return typeof value === 'string'
    ? `${value} is ${family(size)}, the map's keys are ${family(wanted)}`
    : `data has ${size} bytes, must have ${wanted}`;
}

/** Whether a struct has more after `prefixlen` than one member of data. */
function hasManyMembers(btf: BtfTypes, typeId: number): boolean {
  const key = btf.resolved(typeId);
  return key.kind === 'struct' && key.members.filter(m => m.bitOffset >= 8 * prefixSize).length > 1;
}
