import { isIPv4, isIPv6 } from 'node:net';
import type { ElementType } from '../map-def.js';

/** The 4 or 16 bytes of an address, in network order. Throws TypeError for what is none, and for one with a zone. */
export function parseAddress(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (text.includes('%')) throw new TypeError(`${text}: a map has no place for the zone after %`);
  if (!isIPv6(text)) throw new TypeError(`${text}: not an IPv4 or IPv6 address`);
  return parseIPv6(text);
}

function parseIPv6(text: string): Uint8Array {
  const lastColon = text.lastIndexOf(':');
  const last = text.slice(lastColon + 1);
  const hex = last.includes('.') ? text.slice(0, lastColon + 1) + hexGroups(parseAddress(last)) : text;
  const [head = '', tail] = hex.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map(group => Number.parseInt(group, 16));
  const front = groups(head);
  const back = groups(tail ?? '');
  const words = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Uint8Array.from(words.flatMap(word => [word >> 8, word & 0xff]));
}

function hexGroups(ipv4: Uint8Array): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4;
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** The text of 4 or 16 bytes in network order; IPv6 as RFC 5952 has it: lower case, the longest run of zeros as `::`. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const isMapped = bytes.subarray(0, 10).every(byte => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (isMapped) return `::ffff:${bytes.subarray(12).join('.')}`;
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  const { start, length } = longestZeros(words);
  const text = (part: readonly number[]): string => part.map(word => word.toString(16)).join(':');
  if (length < 2) return text(words);
  return `${text(words.slice(0, start))}::${text(words.slice(start + length))}`;
}

function longestZeros(words: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > longest.length) longest = { start, length };
  }
  return longest;
}

/** A codec of addresses in network order, for keys and values such as `__be32` and `struct in6_addr`. */
function addressType(size: 4 | 16, family: string): ElementType {
  return {
    size,
    read: (bytes, offset = 0) => formatAddress(bytes.subarray(offset, offset + size)),
    write(bytes, value, offset = 0) {
      if (typeof value !== 'string') throw new TypeError(`${typeof value} instead of an ${family} address`);
      const address = parseAddress(value);
      if (address.length !== size) throw new TypeError(`${value}: not an ${family} address`);
      bytes.set(address, offset);
    },
  };
}

/** IPv4 addresses as text: 4 bytes in network order, such as `__be32` and `struct in_addr`. Writing throws TypeError for anything else. */
export const ipv4: ElementType = addressType(4, 'IPv4');

/** IPv6 addresses as text: 16 bytes in network order, such as `struct in6_addr`. Writing throws TypeError for anything else. */
export const ipv6: ElementType = addressType(16, 'IPv6');
