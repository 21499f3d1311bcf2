import { BpfCmd } from '../../abi/index.js';
import { UnsupportedFeatureError } from '../../kernel/index.js';
import { BpfError, bpf, Errno, OwnedFd, type Sys } from '../../syscall/index.js';
import { BPF_F_REPLACE } from './attach-flags.js';
import { attachRefused, type RefusedAttach } from './attach-refused.js';
import type { AttachTarget } from './attach-target.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** Fields of the `link_create` member of `union bpf_attr`; `prog_fd` is the program's unless given. */
export type LinkCreateFields = Parameters<typeof bpf>[2];

/** Where a program is to be attached, and what its errors say of it. */
export interface LinkPlace {
  readonly kind: AttachTarget['kind'];
  /** E.g. `eth0`. */
  readonly target: string;
  /** Why the kernel refused, by its positive errno, where the kind knows better than what holds for all kinds. */
  readonly explain?: (errno: number) => RefusedAttach['cause'];
}

/** BPF_LINK_CREATE, by the attach type that the program was loaded for unless `fields` has one. Throws what {@link attachRefused} makes of a refusal. */
export function createLink(program: Attachable, place: LinkPlace, fields: LinkCreateFields): LinkParts {
  const { kind, target, explain } = place;
  const cmd = BpfCmd.BPF_LINK_CREATE;
  const { sys, spec } = program;
  const result = bpf(sys, cmd, { prog_fd: program.fd, attach_type: spec.attachType, ...fields });
  if (result < 0)
    throw attachRefused(program, {
      syscall: 'bpf',
      cmd,
      kind,
      target,
      errno: -result,
      cause: explain?.(-result),
    });
  const link = new OwnedFd(sys, result);
  return { sys, kind, program: program.name, target, holders: [link], link };
}

export interface UpdateOptions {
  /** Fails unless this program, or its fd, is the one that runs now; of struct_ops this map. */
  readonly expected?: number | { readonly fd: number };
}

/** Has another program run in place of a link's own: BPF_LINK_UPDATE (Linux 5.7; of struct_ops 6.4), or what the kind does without links. */
export function updateLink(
  program: Attachable,
  { link, update }: Pick<LinkParts, 'link' | 'update'>,
  name: string,
  options: UpdateOptions = {},
): void {
  if (!link) {
    if (update) {
      update(program);
      return;
    }
    throw new UnsupportedFeatureError('replacing the program of this link', {
      what: name,
      reason: 'it is not a BPF link',
      advice: 'Attach the new program, then close this link.',
    });
  }
  const old = expectedFd(options);
  const cmd = BpfCmd.BPF_LINK_UPDATE;
  const result = bpf(program.sys, cmd, {
    link_fd: link.value,
    new_prog_fd: program.fd,
    ...(old === undefined ? {} : { flags: BPF_F_REPLACE, old_prog_fd: old }),
  });
  if (result >= 0) return;
  throw new BpfError({
    syscall: 'bpf',
    cmd,
    errno: -result,
    what: `${name}: run ${program.name} instead`,
    ...updateHint(-result),
  });
}

export function expectedFd({ expected }: UpdateOptions): number | undefined {
  return typeof expected === 'object' ? expected.fd : expected;
}

function updateHint(errno: number): { hint?: string } {
  switch (errno) {
    case Errno.EINVAL:
      return { hint: 'links of this kind keep their program, or the new one is of another type' };
    case Errno.EPERM:
      return { hint: 'the program that runs there is not the expected one' };
    case Errno.ENOLINK:
      return { hint: 'the link holds nothing any more: what it was attached to is gone, or it was detached' };
    default:
      return {};
  }
}

/** BPF_LINK_DETACH (Linux 5.9); false where links of this kind cannot be, or the kernel does not know it. Throws BpfError for any other refusal. */
export function detachLink(sys: Sys, fd: number, name: string): boolean {
  const cmd = BpfCmd.BPF_LINK_DETACH;
  const result = bpf(sys, cmd, { link_fd: fd });
  if (result >= 0) return true;
  if (result === -Errno.EOPNOTSUPP || result === -Errno.EINVAL) return false;
  throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what: `${name}: detach` });
}
