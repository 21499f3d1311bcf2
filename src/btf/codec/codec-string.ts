import { textAt } from './interned-text.js';
import { type ValueCodec, wrongValue } from './value-codec.js';

const encoder = new TextEncoder();

/** Codec of `char[size]`: reads up to the NUL (invalid UTF-8 replaced), writes a NUL where there is room. */
export function charArrayCodec(size: number): ValueCodec {
  return {
    size,
    read: (view, offset) => textAt(view, offset, size),
    write(view, offset, value, path) {
      const bytes = typeof value === 'string' ? encoder.encode(value) : value;
      if (!(bytes instanceof Uint8Array)) throw wrongValue(path, value, `char[${size}]`);
      if (bytes.length > size)
        throw wrongValue(path, value, `char[${size}] (${bytes.length} bytes are too many)`);
      new Uint8Array(view.buffer, view.byteOffset + offset, size).fill(0).set(bytes);
    },
  };
}
