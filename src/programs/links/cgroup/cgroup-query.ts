import { BpfAttachType, BpfCmd, enumName } from '../../../abi/index.js';
import {
  attachTypeSince,
  type Cause,
  errorFor,
  Kernel,
  lackOfNetAdmin,
  readFacts,
} from '../../../kernel/index.js';
import { attachTypeName } from '../../../object/index.js';
import { attrSchema, bpfInOut, Errno, liveSys, type Sys } from '../../../syscall/index.js';
import { BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE } from '../attach-flags.js';
import { type CgroupFolder, notCgroup, openCgroup } from './cgroup-folder.js';

/** How the programs of a cgroup's hook go together with others, there and in the cgroups below; `none` allows no others. */
export type CgroupAttachFlag = 'none' | 'allow_override' | 'allow_multi';

/** The programs at one hook of a cgroup. */
export interface CgroupHook {
  /** `enum bpf_attach_type`. */
  readonly attachType: number;
  /** As libbpf names it: `cgroup_inet_ingress`. */
  readonly attachTypeName: string;
  /** In the order in which they run. */
  readonly programIds: readonly number[];
  /** How they were attached. Undefined for effective programs, which are of several cgroups, and where there are none. */
  readonly attachFlag: CgroupAttachFlag | undefined;
  /** The same of each program: those of lsm_cgroup are at a hook of their own each. Empty for effective programs. */
  readonly attachFlags: readonly CgroupAttachFlag[];
  /** Grows with each program that is attached or detached; for `expectedRevision`. Undefined for effective programs and before Linux 6.17. */
  readonly revision: bigint | undefined;
}

export interface CgroupQueryOptions {
  /** Of this `enum bpf_attach_type` only. Default: all that the kernel knows. */
  readonly attachType?: number;
  /** True for what runs for the cgroup's processes, with what the cgroups above it add; false for what is attached to it. Default false. */
  readonly effective?: boolean;
  /** Default: this machine's kernel. */
  readonly sys?: Sys;
}

const cgroupTypes = Object.values(BpfAttachType).filter(type =>
  /^BPF_(LSM_)?CGROUP/.test(enumName(BpfAttachType, type) ?? ''),
);

/** True for an attach type of programs of cgroups. */
export function isCgroupHook(attachType: number): boolean {
  return cgroupTypes.some(type => type === attachType);
}

/**
 * The hooks of a cgroup at which there are programs: BPF_PROG_QUERY (Linux 4.15; kernel/bpf/cgroup.c). With an `attachType` that hook, even without
 * any. Throws BpfError when it is no cgroup of version 2, UnsupportedFeatureError for an attach type that this kernel does not have.
 */
export function queryCgroup(cgroup: string | number, options: CgroupQueryOptions = {}): CgroupHook[] {
  const { attachType, effective = false, sys = liveSys() } = options;
  const what = `the programs of cgroup ${cgroup}`;
  // Asked first: for an attach type of something else the kernel would take the fd for what that is attached to.
  if (attachType !== undefined && !isCgroupHook(attachType))
    throw new TypeError(`${what}: programs for ${attachTypeName(attachType)} do not attach to cgroups`);
  const folder = openCgroup(cgroup, what);
  try {
    const hooks: CgroupHook[] = [];
    for (const type of attachType === undefined ? cgroupTypes : [attachType]) {
      const hook = queryHook(sys, folder.fd, type, effective);
      if (typeof hook === 'object') {
        if (attachType !== undefined || hook.programIds.length > 0) hooks.push(hook);
      } else if (attachType !== undefined || hook !== Errno.EINVAL) {
        const cause = explainQuery(sys, folder, type, hook);
        throw errorFor(cause, { syscall: 'bpf', cmd: BpfCmd.BPF_PROG_QUERY, errno: hook, what });
      }
    }
    return hooks;
  } finally {
    folder.close();
  }
}

function explainQuery(sys: Sys, folder: CgroupFolder, attachType: number, errno: number): Cause | undefined {
  if (errno === Errno.EPERM) return lackOfNetAdmin(readFacts(Kernel.running(sys)));
  if (errno === Errno.EBADF) return notCgroup(folder);
  if (errno !== Errno.EINVAL) return undefined;
  const since = attachTypeSince(attachType);
  const missing = { feature: attachTypeName(attachType), ...(since ? { since } : {}) };
  return { reason: 'it does not know of this attach type', missing };
}

/** BPF_F_QUERY_EFFECTIVE of include/uapi/linux/bpf.h. */
const BPF_F_QUERY_EFFECTIVE = 1;
/** A hook of a cgroup has at most 64 programs of its own (BPF_CGROUP_MAX_PROGS); more come down from those above it. */
const usualRoom = 64;
/** All of the attr is sent, because newer kernels look at its size before they write the revision. */
const attrSize = attrSchema(BpfCmd.BPF_PROG_QUERY).size;

/** The programs of one hook, or the positive errno of the refusal. */
export function queryHook(sys: Sys, fd: number, attachType: number, effective = false): CgroupHook | number {
  for (let room = usualRoom; ; ) {
    const ids = new Uint32Array(room);
    const bytes = new Uint8Array(ids.buffer);
    const eachFlags = new Uint32Array(room);
    // Only with room for the flags of each program does the kernel list those of lsm_cgroup, each of which is at a hook of its own.
    const each = attachType === BpfAttachType.BPF_LSM_CGROUP && !effective;
    const record = {
      target_fd: fd,
      attach_type: attachType,
      query_flags: effective ? BPF_F_QUERY_EFFECTIVE : 0,
      prog_ids: bytes,
      prog_cnt: room,
      ...(each ? { prog_attach_flags: new Uint8Array(eachFlags.buffer) } : {}),
    };
    const { result, attr } = bpfInOut(sys, BpfCmd.BPF_PROG_QUERY, record, attrSize);
    const count = Number(attr['prog_cnt']);
    if (result === -Errno.ENOSPC && count > room) {
      room = count;
      continue;
    }
    if (result < 0) return -result;
    const revision = attr['revision'] as bigint;
    const programIds = [...ids.subarray(0, Math.min(count, room))];
    const flags = Number(attr['attach_flags']);
    const attachFlags = effective
      ? []
      : programIds.map((_, i) => flagName(each ? (eachFlags[i] ?? 0) : flags));
    return {
      attachType,
      attachTypeName: attachTypeName(attachType),
      programIds,
      attachFlag: attachFlags[0],
      attachFlags,
      // They begin at 1; kernels that have none leave the 0.
      revision: effective || revision === 0n ? undefined : revision,
    };
  }
}

function flagName(flags: number): CgroupAttachFlag {
  if (flags & BPF_F_ALLOW_MULTI) return 'allow_multi';
  return flags & BPF_F_ALLOW_OVERRIDE ? 'allow_override' : 'none';
}
