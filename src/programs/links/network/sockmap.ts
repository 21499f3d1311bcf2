import { BpfAttachType, BpfCmd, BpfProgType } from '../../../abi/index.js';
import {
  attachTypeSince,
  type Cause,
  lackOfPrivilege,
  readFacts,
  versionCode,
} from '../../../kernel/index.js';
import { type FdSource, fdOf, queryMapInfo } from '../../../maps/index.js';
import { attachTypeName, progTypeName } from '../../../object/index.js';
import { BpfError, bpf, Errno, OwnedFd, type Sys } from '../../../syscall/index.js';
import { attachRefused } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import { createLink } from '../bpf-link.js';
import type { LinkParts } from '../link.js';

/** The sockets of a sockmap or sockhash, for sk_msg and sk_skb programs: those that are put into the map while the program is attached, as long as they are there. */
export interface SockmapTarget {
  readonly kind: 'sockmap';
  /** A map of the object's, any other, or a fd of one. */
  readonly map: FdSource;
  /** What a program of `SEC("sk_skb")` does, whose section does not say so. */
  readonly attachAs?: 'stream_parser' | 'stream_verdict' | 'verdict';
}

/**
 * Attaches to a sockmap or sockhash: a BPF link (Linux 6.10), or BPF_PROG_ATTACH (4.14), which takes the place of a program that is there and lasts
 * as long as the map; net/core/sock_map.c.
 */
export function attachSockmap(program: Attachable, { kind, map, attachAs }: SockmapTarget): LinkParts {
  const { kernel, file, name } = program;
  const fd = fdOf(map, `${file}: program ${name}: map`);
  const attachType = attachTypeOf(program, attachAs);
  const target = nameOf(map, fd);
  let refused = 0;
  const explain = (errno: number) => {
    refused = errno;
    return explainSockmap(program, attachType, errno);
  };
  try {
    return createLink(program, { kind, target, explain }, { target_fd: fd, attach_type: attachType });
  } catch (error) {
    if (refused !== Errno.EINVAL || kernel.has('sockmap_link')) throw error;
    return attachWithoutLink(program, fd, attachType, target);
  }
}

const types = {
  stream_parser: BpfAttachType.BPF_SK_SKB_STREAM_PARSER,
  stream_verdict: BpfAttachType.BPF_SK_SKB_STREAM_VERDICT,
  verdict: BpfAttachType.BPF_SK_SKB_VERDICT,
} as const;

/** Asked first: for an attach type of something else the kernel would take the fd for what that is attached to. */
function attachTypeOf({ spec, file, name }: Attachable, attachAs: SockmapTarget['attachAs']): number {
  const what = `${file}: program ${name}`;
  const isSkb = spec.type === BpfProgType.BPF_PROG_TYPE_SK_SKB;
  if (attachAs !== undefined) {
    if (isSkb && attachAs in types) return types[attachAs];
    throw new TypeError(
      isSkb
        ? `${what}: attachAs: must be one of ${Object.keys(types).join(', ')}`
        : `${what}: attachAs is for sk_skb programs`,
    );
  }
  if (spec.type === BpfProgType.BPF_PROG_TYPE_SK_MSG) return BpfAttachType.BPF_SK_MSG_VERDICT;
  if (!isSkb)
    throw new TypeError(
      `${what}: sk_msg and sk_skb programs attach to sockmaps, not those of ${spec.section}`,
    );
  if (Object.values<number>(types).includes(spec.attachType)) return spec.attachType;
  throw new TypeError(
    `${what}: ${spec.section} does not say what the program does: give attachAs: ${Object.keys(types).join(', ')}`,
  );
}

function nameOf(map: FdSource, fd: number): string {
  const { name } = map as { name?: unknown };
  return typeof name === 'string' ? name : `fd ${fd}`;
}

function attachWithoutLink(program: Attachable, fd: number, attachType: number, target: string): LinkParts {
  const { sys, name } = program;
  const own = ownFd(sys, fd, `program ${name}: attach to sockmap ${target}`);
  const place = { target_fd: own?.value ?? fd, attach_type: attachType };
  const call = (cmd: number, what: string): BpfError | undefined => {
    const result = bpf(sys, cmd, { ...place, attach_bpf_fd: program.fd });
    return result < 0 ? new BpfError({ syscall: 'bpf', cmd, errno: -result, what }) : undefined;
  };
  const cmd = BpfCmd.BPF_PROG_ATTACH;
  const refused = call(cmd, '');
  if (refused) {
    own?.close();
    const { errno } = refused;
    const cause = explainSockmap(program, attachType, errno);
    throw attachRefused(program, { syscall: 'bpf', cmd, kind: 'sockmap', target, errno, cause });
  }
  const detach = {
    close() {
      const error = call(BpfCmd.BPF_PROG_DETACH, `program ${name}: detach from sockmap ${target}`);
      // ENOENT: another program has taken the place of this one.
      if (error && error.errno !== Errno.ENOENT) throw error;
    },
  };
  return { sys, kind: 'sockmap', program: name, target, holders: own ? [own, detach] : [detach] };
}

/** A fd of our own of the map, which may be closed before the link is; undefined for a process that may not look maps up by id. */
function ownFd(sys: Sys, fd: number, what: string): OwnedFd | undefined {
  const own = bpf(sys, BpfCmd.BPF_MAP_GET_FD_BY_ID, { map_id: Number(queryMapInfo(sys, fd, what)['id']) });
  return own < 0 ? undefined : new OwnedFd(sys, own);
}

function explainSockmap({ kernel, spec }: Attachable, attachType: number, errno: number): Cause | undefined {
  switch (errno) {
    case Errno.EPERM: {
      const facts = readFacts(kernel);
      return facts.may('CAP_NET_ADMIN')
        ? undefined
        : (lackOfPrivilege(facts) ?? {
            reason: 'the process lacks CAP_NET_ADMIN',
            advice: 'Run it as root, or give it CAP_NET_ADMIN besides CAP_BPF.',
          });
    }
    case Errno.EBADF:
      return { reason: 'there is no open map of this fd' };
    case Errno.EINVAL:
    case Errno.EOPNOTSUPP: {
      const since = attachTypeSince(attachType);
      if (since && kernel.versionCode < versionCode(since))
        return {
          reason: 'it does not know of this attach type',
          missing: { feature: attachTypeName(attachType), since },
        };
      return {
        reason: `the map is no sockmap or sockhash, or takes no ${progTypeName(spec.type ?? 0)} program of this kind`,
      };
    }
    case Errno.EBUSY:
      return {
        reason:
          'the map has such a program already, or one of the other kind (stream_verdict and verdict exclude each other)',
        advice: 'Detach that one first, or replace it with update() of its link.',
      };
    default:
      return undefined;
  }
}
