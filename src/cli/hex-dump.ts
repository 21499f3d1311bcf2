const width = 16;

/** Bytes in rows of 16 beside what of them prints, as bpftool has the output of `prog run`. */
export function* hexDump(bytes: Uint8Array): Generator<string> {
  for (let at = 0; at < bytes.length; at += width) {
    const row = [...bytes.subarray(at, at + width)];
    const hex = Array.from({ length: width }, (_, i) => {
      const byte = row[i];
      return `${byte === undefined ? '  ' : byte.toString(16).padStart(2, '0')}${i % 2 ? ' ' : ''}`;
    });
    const text = row.map(
      (byte, i) => `${isPrinted(byte) ? String.fromCharCode(byte) : '.'}${i === 7 ? ' ' : ''}`,
    );
    yield `${at.toString(16).padStart(7, '0')}\t${hex.join('')}| ${text.join('')}`;
  }
}

const isPrinted = (byte: number): boolean => byte >= 0x20 && byte <= 0x7e;
