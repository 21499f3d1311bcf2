import { closeSync, fstatSync, openSync } from 'node:fs';
import { openUserElf, type UserElf } from '../../../elf/index.js';
import { fileReader } from '../../../symbols/index.js';
import { UserBinaryError } from './user-binary-error.js';

/**
 * Reads a program or library for as long as `use` runs. Of large files only what is asked for is read. Throws UserBinaryError for a file that cannot be read,
 * FormatError for one that is no ELF program or library.
 */
export function withUserElf<T>(path: string, use: (elf: UserElf) => T): T {
  const fd = openBinary(path);
  try {
    if (!fstatSync(fd).isFile()) throw new UserBinaryError(path, 'it is not a file');
    return use(openUserElf(fileReader(fd), path));
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
