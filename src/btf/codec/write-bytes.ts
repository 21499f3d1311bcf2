const encoder = new TextEncoder();

/** Makes bytes zero. */
export function zeroFill(view: DataView, offset: number, size: number): void {
  if (size > 64) {
    new Uint8Array(view.buffer, view.byteOffset + offset, size).fill(0);
    return;
  }
  const end = offset + size;
  for (; offset + 4 <= end; offset += 4) view.setUint32(offset, 0, true);
  for (; offset < end; offset++) view.setUint8(offset, 0);
}

/** Writes text, or bytes, and zeroes up to `size`: false if it is something else, or longer. */
export function writeText(view: DataView, offset: number, size: number, value: unknown): boolean {
  if (typeof value === 'string') {
    const { length } = value;
    if (length > size) return false;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      const a = value.charCodeAt(i);
      const b = value.charCodeAt(i + 1);
      const c = value.charCodeAt(i + 2);
      const d = value.charCodeAt(i + 3);
      if ((a | b | c | d) > 127) return writeUnicode(view, offset, size, value);
      view.setUint32(offset + i, a | (b << 8) | (c << 16) | (d << 24), true);
    }
    for (; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) return writeUnicode(view, offset, size, value);
      view.setUint8(offset + i, code);
    }
    zeroFill(view, offset + length, size - length);
    return true;
  }
  if (!(value instanceof Uint8Array) || value.length > size) return false;
  zeroFill(view, offset + value.length, size - value.length);
  new Uint8Array(view.buffer, view.byteOffset + offset, value.length).set(value);
  return true;
}

function writeUnicode(view: DataView, offset: number, size: number, value: string): boolean {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, size);
  const { read, written } = encoder.encodeInto(value, bytes);
  if (read < value.length) return false;
  bytes.fill(0, written);
  return true;
}
