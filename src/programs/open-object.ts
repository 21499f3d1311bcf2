import type { Sys } from '../syscall/index.js';
import { fdById } from './object-ids.js';
import { type ObjectKind, otherThan } from './object-kind.js';
import { OpenError } from './open-error.js';
import { openPin } from './pin.js';

/** Where a program or link that is there already is found: its id, where it is pinned, or an fd of it, which from then on is its handle's to close. */
export type ObjectSource = { readonly id: number } | { readonly path: string } | { readonly fd: number };

/**
 * Opens a program or link, and makes a handle of it: `make` is given the fd, which is closed when it throws, unless it is the caller's. Throws BpfError
 * when the kernel refuses, OpenError for what is of another kind, TypeError for what is no fd.
 */
export function openObject<T>(
  sys: Sys,
  kind: ObjectKind,
  source: ObjectSource,
  make: (fd: number, what: string) => T,
): T {
  const what = `${kind} ${describe(source)}`;
  const fd = openFd(sys, kind, source, what);
  try {
    const other = otherThan(kind, fd);
    if (other) throw new OpenError(`${what}: is ${other}, not a ${kind}`);
    return make(fd, what);
  } catch (error) {
    if (!('fd' in source)) sys.close(fd);
    throw error;
  }
}

function openFd(sys: Sys, kind: ObjectKind, source: ObjectSource, what: string): number {
  if ('path' in source) return openPin(sys, source.path, what);
  if ('id' in source) return fdById(sys, kind, source.id, what);
  const { fd } = source;
  if (!Number.isInteger(fd) || fd < 0 || fd > 0x7fffffff)
    throw new TypeError(`${what}: must be a file descriptor`);
  return fd;
}

function describe(source: ObjectSource): string {
  if ('path' in source) return `pinned at ${source.path}`;
  return 'id' in source ? `of id ${source.id}` : `of fd ${source.fd}`;
}
