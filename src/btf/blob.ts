import { hostEndian } from '../abi/index.js';
import { readHeader } from './header.js';
import type { BtfTypes } from './types.js';

const HEADER = 24;
const MAGIC = 0xeb9f;

/** A BTF blob of types, as words in this machine's byte order, and the string section: `struct btf_header`, types, strings. */
export function blobOf(words: ArrayLike<number>, strings: Uint8Array, endian: 'little' | 'big'): Uint8Array {
  const typeLength = words.length * 4;
  const bytes = new Uint8Array(HEADER + typeLength + strings.length);
  const view = new DataView(bytes.buffer);
  const little = endian === 'little';
  view.setUint16(0, MAGIC, little);
  view.setUint8(2, 1);
  for (const [i, word] of [HEADER, 0, typeLength, typeLength, strings.length].entries())
    view.setUint32(4 + i * 4, word, little);
  if (endian === hostEndian) new Uint32Array(bytes.buffer, HEADER, words.length).set(words);
  else for (let i = 0; i < words.length; i++) view.setUint32(HEADER + i * 4, words[i] as number, little);
  bytes.set(strings, HEADER + typeLength);
  return bytes;
}

/** The string section of a blob that parsed, without its base's. */
export function stringBytes(btf: BtfTypes): Uint8Array {
  const { stringStart, stringLength } = readHeader(btf.bytes, '(BTF)');
  return btf.bytes.subarray(stringStart, stringStart + stringLength);
}
