import { closeSync, constants, openSync } from 'node:fs';
import { BpfError } from '../syscall/index.js';

/** A file descriptor: its number, or something that has one (a Program, a BpfMap). */
export type FdSource = number | { readonly fd: number };

/** Names a file without opening it, so that a FIFO does not wait and a device does nothing (include/uapi/asm-generic/fcntl.h). */
const O_PATH = 0o10000000;

/** The number of a descriptor. Throws TypeError for what is none. */
export function fdOf(source: unknown, what: string): number {
  const fd = typeof source === 'object' ? (source as { fd?: unknown } | null)?.fd : source;
  if (typeof fd !== 'number' || !Number.isInteger(fd) || fd < 0 || fd > 0x7fffffff)
    throw new TypeError(`${what}: must be a file descriptor or something that has one in \`fd\``);
  return fd;
}

/** Calls `use` with a descriptor of the file at a path, which it closes afterwards, or with the one given. Throws BpfError when the path cannot be opened. */
export function withFile<T>(file: string | FdSource, what: string, use: (fd: number) => T): T {
  if (typeof file !== 'string') return use(fdOf(file, what));
  const fd = openPath(file, what);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function openPath(path: string, what: string): number {
  try {
    return openSync(path, constants.O_RDONLY | O_PATH);
  } catch (cause) {
    const { errno = 0 } = cause as NodeJS.ErrnoException;
    if (errno === 0) throw new TypeError(`${what}: ${(cause as Error).message}`, { cause });
    throw new BpfError({ syscall: 'open', errno: -errno, what: `${what}: ${path}` }, { cause });
  }
}
