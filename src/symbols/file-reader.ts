import { fstatSync, readSync } from 'node:fs';
import type { ReadAt } from '../elf/index.js';

/** Reads an open file piece by piece, while it stays open. */
export function fileReader(fd: number): ReadAt {
  const { size } = fstatSync(fd);
  return {
    size,
    readAt(offset, length) {
      const bytes = new Uint8Array(Math.min(length, Math.max(size - offset, 0)));
      let done = 0;
      while (done < bytes.length) {
        const read = readSync(fd, bytes, done, bytes.length - done, offset + done);
        if (read === 0) break;
        done += read;
      }
      return bytes.subarray(0, done);
    },
  };
}

/** Bytes at an address, out of an open `/proc/PID/mem`; undefined where they cannot be read. */
export function readMemory(fd: number, address: bigint, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  try {
    return readSync(fd, bytes, 0, length, address) === length ? bytes : undefined;
  } catch {
    return undefined;
  }
}
