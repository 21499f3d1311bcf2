import { closeSync, openSync } from 'node:fs';
import { BpfAttachType, BpfCmd } from '../../../abi/index.js';
import { type Cause, lackOfBpfOrNetAdmin, readFacts } from '../../../kernel/index.js';
import { attachTypeName } from '../../../object/index.js';
import { BpfError, bpf, Errno } from '../../../syscall/index.js';
import { attachRefused } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import { createLink } from '../bpf-link.js';
import type { LinkParts } from '../link.js';

/** A network namespace, for sk_lookup and flow_dissector programs. */
export interface NetnsTarget {
  readonly kind: 'netns';
  /** A path (`/run/netns/NAME`, `/proc/PID/ns/net`) or a fd. Default: that of this process. */
  readonly netns?: string | number;
}

/** Of this process. */
export const ownNetns = '/proc/self/ns/net';

/**
 * Attaches to a network namespace: a BPF link (sk_lookup: Linux 5.9, flow_dissector: 5.8; kernel/bpf/net_namespace.c). Before it a flow dissector attaches by
 * BPF_PROG_ATTACH (4.20), to the namespace of this process only, and outlives it.
 */
export function attachNetns(program: Attachable, { kind, netns = ownNetns }: NetnsTarget): LinkParts {
  const { spec, file, name } = program;
  // Asked first: for an attach type of something else the kernel would take the fd for what that is attached to, e.g. the number of an interface.
  if (spec.attachType !== BpfAttachType.BPF_SK_LOOKUP && spec.attachType !== BpfAttachType.BPF_FLOW_DISSECTOR)
    throw new TypeError(
      `${file}: program ${name}: sk_lookup and flow_dissector programs attach to network namespaces, not those of ${spec.section}`,
    );
  const fd = typeof netns === 'number' ? netns : openNetns(netns, `${file}: program ${name}`);
  let refused = 0;
  const explain = (errno: number) => {
    refused = errno;
    return explainNetns(program, errno);
  };
  const target = typeof netns === 'number' ? `fd ${netns}` : netns;
  try {
    return createLink(program, { kind, target, explain }, { target_fd: fd });
  } catch (error) {
    const isOlder = refused === Errno.EINVAL && netns === ownNetns;
    if (!isOlder || spec.attachType !== BpfAttachType.BPF_FLOW_DISSECTOR) throw error;
    return attachDissector(program);
  } finally {
    if (typeof netns !== 'number') closeSync(fd);
  }
}

/** Opens the file of a namespace. Throws BpfError, TypeError for what is no path. */
export function openNetns(path: string, what: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    const { errno = 0 } = cause as NodeJS.ErrnoException;
    if (errno === 0) throw new TypeError(`${what}: netns: ${(cause as Error).message}`, { cause });
    throw new BpfError(
      {
        syscall: 'open',
        errno: -errno,
        what: `${what}: netns ${path}`,
        hint: 'name a file such as /run/netns/NAME or /proc/PID/ns/net',
      },
      { cause },
    );
  }
}

/** Links of network namespaces came with Linux 5.8; the target of this older call is no fd, but always the namespace of the caller. */
function attachDissector(program: Attachable): LinkParts {
  const { sys, spec, name } = program;
  const place = { target_fd: 0, attach_bpf_fd: program.fd, attach_type: spec.attachType };
  const cmd = BpfCmd.BPF_PROG_ATTACH;
  const result = bpf(sys, cmd, place);
  if (result < 0)
    throw attachRefused(program, {
      syscall: 'bpf',
      cmd,
      kind: 'netns',
      target: ownNetns,
      errno: -result,
      cause: explainNetns(program, -result),
    });
  const detach = {
    close() {
      const cmd = BpfCmd.BPF_PROG_DETACH;
      const result = bpf(sys, cmd, { ...place, attach_bpf_fd: program.fd });
      if (result < 0 && result !== -Errno.ENOENT)
        throw new BpfError({
          syscall: 'bpf',
          cmd,
          errno: -result,
          what: `program ${name}: detach from ${ownNetns}`,
        });
    },
  };
  return { sys, kind: 'netns', program: name, target: ownNetns, holders: [detach] };
}

function explainNetns({ kernel, spec }: Attachable, errno: number): Cause | undefined {
  const type = attachTypeName(spec.attachType);
  switch (errno) {
    case Errno.EPERM:
      return lackOfBpfOrNetAdmin(readFacts(kernel));
    case Errno.EBADF:
    case Errno.EINVAL:
      if (kernel.versionCode < ((5 << 16) | (8 << 8)))
        return {
          reason: 'it has no links of network namespaces',
          missing: { feature: `${type} links`, since: type === 'sk_lookup' ? '5.9' : '5.8' },
        };
      return {
        reason: 'the file is no network namespace',
        advice: 'Name a file such as /run/netns/NAME or /proc/PID/ns/net.',
      };
    case Errno.EEXIST:
      return {
        reason:
          'a program is attached there without a link, or a flow dissector is attached both to the initial network namespace and to another',
        advice: 'rawbpf net list, or bpftool net, shows what is attached to a network namespace.',
      };
    case Errno.E2BIG:
      return {
        reason:
          type === 'sk_lookup'
            ? 'there are 64 programs in this namespace, the most that it can have'
            : 'the namespace has a flow dissector already',
      };
    default:
      return undefined;
  }
}
