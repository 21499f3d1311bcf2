import { type ValueCodec, wrongValue } from './value-codec.js';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Codec of `char[size]`: reads up to the NUL (invalid UTF-8 replaced), writes a NUL where there is room. */
export function charArrayCodec(size: number): ValueCodec {
  return {
    size,
    read(view, offset) {
      let end = offset;
      let ascii = true;
      for (const limit = offset + size; end < limit; end++) {
        const byte = view.getUint8(end);
        if (byte === 0) break;
        if (byte > 127) ascii = false;
      }
      if (ascii && end - offset <= 32) return shortAscii(view, offset, end);
      return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + offset, end - offset));
    },
    write(view, offset, value, path) {
      const bytes = typeof value === 'string' ? encoder.encode(value) : value;
      if (!(bytes instanceof Uint8Array)) throw wrongValue(path, value, `char[${size}]`);
      if (bytes.length > size)
        throw wrongValue(path, value, `char[${size}] (${bytes.length} bytes are too many)`);
      new Uint8Array(view.buffer, view.byteOffset + offset, size).fill(0).set(bytes);
    },
  };
}

const INTERN_SLOTS = 1024;
const internedHash = new Uint32Array(INTERN_SLOTS);
const interned: string[] = new Array(INTERN_SLOTS).fill('');

/** Events repeat their short strings (comm, paths), and making one costs more than all else: keep the last of each hash. */
function shortAscii(view: DataView, offset: number, end: number): string {
  if (offset === end) return '';
  let hash = 0x811c9dc5;
  for (let i = offset; i < end; i++) hash = Math.imul(hash ^ view.getUint8(i), 0x01000193);
  hash >>>= 0;
  const slot = hash & (INTERN_SLOTS - 1);
  const known = interned[slot]!;
  if (internedHash[slot] === hash && known.length === end - offset && equals(known, view, offset))
    return known;
  let text = '';
  for (let i = offset; i < end; i++) text += String.fromCharCode(view.getUint8(i));
  internedHash[slot] = hash;
  interned[slot] = text;
  return text;
}

function equals(text: string, view: DataView, offset: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== view.getUint8(offset + i)) return false;
  return true;
}
