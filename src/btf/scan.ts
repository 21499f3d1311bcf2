import { FormatError } from '../errors/index.js';
import type { BtfHeader } from './header.js';
import { KIND_NAMES, TRAILING } from './kinds.js';

const hostLittle = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The type section as host-order words, and the word index at which each type begins. */
export interface ScannedTypes {
  readonly words: Uint32Array;
  readonly offsets: Uint32Array;
}

/** Walks the type section once. Throws FormatError for an unknown kind or a type that reaches past the end. */
export function scanTypes(bytes: Uint8Array, header: BtfHeader, file: string): ScannedTypes {
  const words = hostWords(bytes, header);
  // By kind, the words of a type without its elements, 0 for a kind that is not known; and those of each element.
  const fixed = new Uint8Array(128);
  const each = new Uint8Array(128);
  for (let kind = 1; kind < KIND_NAMES.length; kind++) {
    fixed[kind] = 3 + TRAILING[kind]!.fixed;
    each[kind] = TRAILING[kind]!.each;
  }
  // The smallest type takes three words, so this many always suffice.
  const offsets = new Uint32Array(Math.floor(words.length / 3) + 1);
  let count = 0;
  let at = 0;
  const end = words.length;
  // Of vmlinux most of this runs before it is compiled, so it calls nothing.
  while (at < end) {
    const info = words[at + 1]!;
    const kind = (info >>> 24) & 0x7f;
    const next = at + fixed[kind]! + each[kind]! * (info & 0xffffff);
    if (next === at || next > end) fail(at, count, kind);
    offsets[count++] = at;
    at = next;
  }
  return { words, offsets: offsets.slice(0, count) };

  function fail(word: number, index: number, kind: number): never {
    const known = kind > 0 && kind < KIND_NAMES.length;
    throw new FormatError(
      known ? `a ${KIND_NAMES[kind]} reaches past the end of the type section` : `kind ${kind} is not known`,
      { file, section: '.BTF', offset: header.typeStart + word * 4, field: `type ${index + 1} of this blob` },
    );
  }
}

function hostWords(bytes: Uint8Array, { endian, typeStart, typeLength }: BtfHeader): Uint32Array {
  const start = bytes.byteOffset + typeStart;
  const sameOrder = (endian === 'little') === hostLittle;
  if (sameOrder && start % 4 === 0) return new Uint32Array(bytes.buffer, start, typeLength / 4);
  const words = new Uint32Array(typeLength / 4);
  const view = new DataView(bytes.buffer, start, typeLength);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(i * 4, endian === 'little');
  return words;
}
