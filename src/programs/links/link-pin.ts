import { unlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { BpfCmd } from '../../abi/index.js';
import { pinHint } from '../../maps/index.js';
import { BpfError, bpf, OwnedFd, type Sys } from '../../syscall/index.js';
import { StateError } from '../state-error.js';
import { readLinkInfo } from './link-info.js';

/** Pins a link's fd: the kernel keeps the link for as long as the path is there. Linux 5.7. Throws BpfError with the cause. */
export function pinLink(sys: Sys, fd: number, path: string, what: string): void {
  const pathname = resolve(path);
  const cmd = BpfCmd.BPF_OBJ_PIN;
  const result = bpf(sys, cmd, { pathname, bpf_fd: fd });
  if (result >= 0) return;
  const hint = pinHint(-result, pathname);
  throw new BpfError({
    syscall: 'bpf',
    cmd,
    errno: -result,
    what: `${what}: pin at ${path}`,
    ...(hint ? { hint } : {}),
  });
}

/** Removes a pin after making sure that it is one of this link. */
export function unpinLink(sys: Sys, fd: number, path: string, what: string): void {
  const pathname = resolve(path);
  const cmd = BpfCmd.BPF_OBJ_GET;
  const result = bpf(sys, cmd, { pathname });
  if (result < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what: `${what}: unpin ${path}` });
  using pinned = new OwnedFd(sys, result);
  if (readLinkInfo(sys, pinned.value, path).id !== readLinkInfo(sys, fd, what).id)
    throw new StateError(`${what}: unpin ${path}: another link is pinned there`);
  unlinkSync(pathname);
}
