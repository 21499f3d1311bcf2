const letters: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** Bytes as a C string literal: printable ASCII as it is, the rest as letters or the shortest octal that the next byte does not lengthen. */
export function escaped(bytes: Uint8Array): string {
  let text = '';
  bytes.forEach((byte, i) => {
    const next = bytes[i + 1] ?? 0;
    if (letters[byte]) text += letters[byte];
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(next >= 0x30 && next <= 0x37 ? 3 : 1, '0')}`;
  });
  return `"${text}"`;
}

/** As strace prints `length` bytes at a pointer: the first `limit`, and `...` for the rest. */
export function quotedBytes(bytes: Uint8Array, length: number, limit: number): string {
  return escaped(bytes.subarray(0, Math.min(length, limit))) + (length > limit ? '...' : '');
}

/** As strace prints a string that ends at its NUL or after `length` bytes: the first `limit`, and `...` when no NUL follows them. */
export function quotedString(bytes: Uint8Array, length: number, limit: number): string {
  const end = bytes.subarray(0, length).indexOf(0);
  const whole = end >= 0 && end <= limit;
  return (
    escaped(bytes.subarray(0, whole ? end : Math.min(length, limit))) + (whole || length === 0 ? '' : '...')
  );
}

/** As strace prints a `char[]` field: up to its NUL; all of it but the last byte and `...` when it has none. */
export function quotedChars(bytes: Uint8Array): string {
  return quotedString(bytes, bytes.length, Math.max(bytes.length - 1, 0));
}

export function hexEscaped(bytes: Uint8Array): string {
  return `"${[...bytes].map(byte => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
}

/** `%#x`. */
export function hex(value: number | bigint): string {
  return Number(value) === 0 ? '0' : `0x${value.toString(16)}`;
}

export function address(value: number | bigint): string {
  return Number(value) === 0 ? 'NULL' : `0x${value.toString(16)}`;
}
