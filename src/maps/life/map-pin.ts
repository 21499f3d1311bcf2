import { statfsSync, unlinkSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { BpfCmd } from '../../abi/index.js';
import { BpfError, bpf, Errno, OwnedFd, type Sys } from '../../syscall/index.js';
import { MapError } from '../map-error.js';
import { queryMapInfo } from '../map-info.js';
import { requireMap } from './require-map.js';

/** f_type of a bpf file system (BPF_FS_MAGIC in include/uapi/linux/magic.h). */
const bpffsMagic = 0xcafe4a11;

/** Pins a map's fd: the kernel keeps the map for as long as the path is there. Returns the absolute path. Throws BpfError with the cause. */
export function pinMap(sys: Sys, fd: number, path: string, what: string): string {
  const pathname = resolve(path);
  const cmd = BpfCmd.BPF_OBJ_PIN;
  const result = bpf(sys, cmd, { pathname, bpf_fd: fd });
  if (result < 0)
    throw new BpfError({
      syscall: 'bpf',
      cmd,
      errno: -result,
      what: `${what}: pin at ${path}`,
      ...hinted(pinHint(-result, pathname)),
    });
  return pathname;
}

/**
 * Takes the pin of the map with this id away; false when nothing is there. Throws MapError, and leaves alone what it found, when another map or
 * something else is pinned there; BpfError when the file cannot be removed.
 */
export function unpinMap(sys: Sys, id: number, path: string, what: string): boolean {
  const pathname = resolve(path);
  const result = bpf(sys, BpfCmd.BPF_OBJ_GET, { pathname });
  if (result === -Errno.ENOENT) return false;
  const place = `${what}: unpin ${path}`;
  if (result < 0) throw getError(-result, pathname, place);
  using fd = new OwnedFd(sys, result);
  requireMap(fd.value, place);
  const there = Number(queryMapInfo(sys, fd.value, place)['id']);
  if (there !== id) throw new MapError(place, `the map pinned there is another: id ${there}, not ${id}`);
  try {
    unlinkSync(pathname);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw new MapError(place, `the pin cannot be removed: ${(cause as Error).message}`, { cause });
  }
  return true;
}

/** The error for a path that BPF_OBJ_GET refused. */
export function getError(errno: number, path: string, what: string): BpfError {
  return new BpfError({
    syscall: 'bpf',
    cmd: BpfCmd.BPF_OBJ_GET,
    errno,
    what,
    ...hinted(getHint(errno, path)),
  });
}

/** Why a path was refused to pin at, where it can be told (bpf_obj_do_pin in kernel/bpf/inode.c). */
export function pinHint(errno: number, path: string): string | undefined {
  const folder = dirname(path);
  switch (errno) {
    case Errno.EEXIST:
      return 'something is there already: open it with openMap({ path }), or remove it first';
    case Errno.ENOENT:
      return `the folder ${folder} is not there`;
    case Errno.EPERM:
      return notBpffs(folder) ?? dotted(path);
    default:
      return undefined;
  }
}

/** Why what is pinned at a path was not opened, where it can be told (bpf_obj_do_get in kernel/bpf/inode.c). */
export function getHint(errno: number, path: string): string | undefined {
  switch (errno) {
    case Errno.ENOENT:
      return notBpffs(dirname(path)) ?? 'nothing is pinned there';
    case Errno.EPERM:
      return dotted(path);
    case Errno.EACCES:
      return (
        notBpffs(path) ?? 'the file does not permit this process to open the map so: see its owner and mode'
      );
    default:
      return undefined;
  }
}

function dotted(path: string): string | undefined {
  return basename(path).includes('.') ? 'names on a bpf file system must not have a dot' : undefined;
}

function notBpffs(path: string): string | undefined {
  try {
    if (Number(statfsSync(path).type) === bpffsMagic) return undefined;
  } catch {
    return undefined;
  }
  return `${path} is not on a bpf file system; mount one: mount -t bpf bpf /sys/fs/bpf`;
}

function hinted(hint: string | undefined): { hint?: string } {
  return hint ? { hint } : {};
}
