import { closeSync, openSync, readlinkSync } from 'node:fs';
import { BpfCmd } from '../abi/index.js';
import { type Cause, errorFor } from '../kernel/index.js';
import { bpf, Errno, OwnedFd, type Sys } from '../syscall/index.js';

/**
 * Where the permission to call bpf() in a user namespace comes from: the fd of a BPF token, which stays the caller's; the folder of a bpf file system
 * that delegates, to make a token from; or false for none.
 */
export type TokenSource = number | string | false;

/** A token to load with; `owned` when it was made here. */
export interface Token {
  readonly fd: number;
  readonly owned: OwnedFd | undefined;
}

/** Where libbpf looks for a token. */
const defaultFolder = '/sys/fs/bpf';
/** PROC_USER_INIT_INO in include/linux/proc_ns.h. */
const initialUserNamespace = 'user:[4026531837]';

/**
 * The token to load with. Unless told, it is made of the folder in LIBBPF_BPF_TOKEN_PATH, an empty one meaning none; else, in a user namespace, of
 * /sys/fs/bpf where that delegates (libbpf: bpf_object_prepare_token). Throws BpfError when one that was asked for cannot be had. Linux 6.9.
 */
export function tokenFor(sys: Sys, source: TokenSource | undefined, file: string): Token | undefined {
  if (typeof source === 'number') return { fd: source, owned: undefined };
  const folder = source ?? process.env['LIBBPF_BPF_TOKEN_PATH'];
  if (folder === false || folder === '') return undefined;
  if (folder !== undefined) return tokenOf(sys, folder, file);
  if (!inUserNamespace()) return undefined;
  const made = createToken(sys, defaultFolder);
  return made >= 0 ? own(sys, made) : undefined;
}

function tokenOf(sys: Sys, folder: string, file: string): Token {
  const made = createToken(sys, folder);
  if (made >= 0) return own(sys, made);
  throw errorFor(explainToken(-made, folder), {
    syscall: 'bpf',
    cmd: BpfCmd.BPF_TOKEN_CREATE,
    errno: -made,
    what: `${file}: BPF token of ${folder}`,
  });
}

function own(sys: Sys, fd: number): Token {
  return { fd, owned: new OwnedFd(sys, fd) };
}

/** The new fd, or `-errno`. */
function createToken(sys: Sys, folder: string): number {
  let bpffs: number;
  try {
    bpffs = openSync(folder, 'r');
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno ?? -Errno.ENOENT;
  }
  try {
    return bpf(sys, BpfCmd.BPF_TOKEN_CREATE, { flags: 0, bpffs_fd: bpffs });
  } finally {
    closeSync(bpffs);
  }
}

let userNamespace: string | undefined;

/** Asked once: the kernel lets only processes of one thread move to another user namespace, and Node has several (setns(2), unshare(2)). */
function inUserNamespace(): boolean {
  try {
    userNamespace ??= readlinkSync('/proc/self/ns/user');
    return userNamespace !== initialUserNamespace;
  } catch {
    return false;
  }
}

/** What a refused BPF_TOKEN_CREATE means (kernel/bpf/token.c: bpf_token_create). */
export function explainToken(errno: number, folder: string): Cause | undefined {
  switch (errno) {
    case Errno.EOPNOTSUPP:
      return {
        reason: 'tokens are for user namespaces, and this process is in the initial one',
        advice: 'Load without a token: capabilities count here.',
      };
    case Errno.EPERM:
      return {
        reason: `the process lacks CAP_BPF in its user namespace, or ${folder} was mounted for another one`,
        advice:
          'fsopen("bpf") has to be called in the user namespace that is to use it; who is privileged on the host then sets delegate_cmds and makes the mount.',
      };
    case Errno.ENOENT:
      return {
        reason: `${folder} is not there or delegates nothing`,
        advice:
          'Mount it with delegate_cmds, delegate_maps, delegate_progs and delegate_attachs: who sets them needs CAP_SYS_ADMIN on the host.',
      };
    case Errno.EINVAL:
      return {
        reason: `${folder} is not the root of a bpf file system, or this kernel has no tokens`,
        advice: 'BPF tokens came with Linux 6.9.',
      };
    default:
      return undefined;
  }
}
