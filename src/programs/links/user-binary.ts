import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { openUserElf, type UserElf } from '../../elf/index.js';
import { UserBinaryError } from './user-binary-error.js';

/**
 * Reads a program or library for as long as `use` runs. Of large files only what is asked for is read. Throws UserBinaryError for a file that cannot be read,
 * FormatError for one that is no ELF program or library.
 */
export function withUserElf<T>(path: string, use: (elf: UserElf) => T): T {
  const fd = openBinary(path);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new UserBinaryError(path, 'it is not a file');
    const readAt = (offset: number, length: number): Uint8Array => {
      const bytes = new Uint8Array(Math.min(length, Math.max(stat.size - offset, 0)));
      let done = 0;
      while (done < bytes.length) {
        const read = readSync(fd, bytes, done, bytes.length - done, offset + done);
        if (read === 0) break;
        done += read;
      }
      return bytes.subarray(0, done);
    };
    return use(openUserElf({ size: stat.size, readAt }, path));
  } finally {
    closeSync(fd);
  }
}

function openBinary(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? 'this process may not read it'
          : `it cannot be opened (${code})`;
    throw new UserBinaryError(path, reason, { cause });
  }
}
