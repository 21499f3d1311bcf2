import { unlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { BpfCmd, bpfLinkInfo, bpfProgInfo } from '../abi/index.js';
import { getHint, pinHint } from '../maps/index.js';
import { BpfError, bpf, bpfInOut, Errno, OwnedFd, type Sys } from '../syscall/index.js';
import { type ObjectKind, otherThan } from './object-kind.js';
import { StateError } from './state-error.js';

/** Pins the fd of a program or link: the kernel keeps it for as long as the path is there. Returns the absolute path. Throws BpfError with the cause. */
export function pinObject(sys: Sys, fd: number, path: string, what: string): string {
  const pathname = resolve(path);
  const result = bpf(sys, BpfCmd.BPF_OBJ_PIN, { pathname, bpf_fd: fd });
  if (result >= 0) return pathname;
  throw refused(BpfCmd.BPF_OBJ_PIN, -result, `${what}: pin at ${path}`, hintOf(-result, pathname));
}

/** Opens what is pinned at a path, whatever that is. Throws BpfError with the cause. */
export function openPin(sys: Sys, path: string, what: string): number {
  const pathname = resolve(path);
  const result = bpf(sys, BpfCmd.BPF_OBJ_GET, { pathname });
  if (result >= 0) return result;
  throw refused(BpfCmd.BPF_OBJ_GET, -result, what, getHint(-result, pathname));
}

/**
 * Takes a pin of this program or link away; false when nothing is there. Throws StateError, and leaves alone what it found, when something else is
 * pinned there; BpfError when the file cannot be removed.
 */
export function unpinObject(sys: Sys, kind: ObjectKind, fd: number, path: string, what: string): boolean {
  const pathname = resolve(path);
  const place = `${what}: unpin ${path}`;
  const result = bpf(sys, BpfCmd.BPF_OBJ_GET, { pathname });
  if (result === -Errno.ENOENT) return false;
  if (result < 0) throw refused(BpfCmd.BPF_OBJ_GET, -result, place, getHint(-result, pathname));
  using pinned = new OwnedFd(sys, result);
  const other = otherThan(kind, pinned.value);
  if (other) throw new StateError(`${place}: what is pinned there is ${other}`);
  const [there, own] = [idOf(sys, kind, pinned.value, place), idOf(sys, kind, fd, place)];
  if (there !== own)
    throw new StateError(`${place}: the ${kind} pinned there is another: id ${there}, not ${own}`);
  try {
    unlinkSync(pathname);
  } catch (cause) {
    const { errno = 0, code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    throw new BpfError({ syscall: 'unlink', errno: -errno, what: place }, { cause });
  }
  return true;
}

/** Takes away the pin at a path or, without one, all of `pins`, which it forgets. True when there was one. */
export function unpinAll(
  pins: Set<string>,
  path: string | undefined,
  unpin: (path: string) => boolean,
): boolean {
  let found = false;
  for (const pin of path === undefined ? [...pins] : [resolve(path)]) {
    found = unpin(pin) || found;
    pins.delete(pin);
  }
  return found;
}

function hintOf(errno: number, path: string): string | undefined {
  return errno === Errno.EEXIST ? 'something is there already: remove it first' : pinHint(errno, path);
}

function idOf(sys: Sys, kind: ObjectKind, fd: number, what: string): number {
  const layout = kind === 'program' ? bpfProgInfo : bpfLinkInfo[0];
  const info = new Uint8Array(layout.size);
  const cmd = BpfCmd.BPF_OBJ_GET_INFO_BY_FD;
  const { result } = bpfInOut(sys, cmd, { bpf_fd: fd, info_len: info.length, info });
  if (result < 0) throw refused(cmd, -result, what, undefined);
  return Number(layout.decode(info)['id']);
}

function refused(cmd: number, errno: number, what: string, hint: string | undefined): BpfError {
  return new BpfError({ syscall: 'bpf', cmd, errno, what, ...(hint ? { hint } : {}) });
}
