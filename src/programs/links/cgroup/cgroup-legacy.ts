import { BpfCmd } from '../../../abi/index.js';
import { type Cause, errorFor, Kernel, lackOfBpfOrNetAdmin, readFacts } from '../../../kernel/index.js';
import { attachTypeName } from '../../../object/index.js';
import { BpfError, bpf, Errno, liveSys, type Sys } from '../../../syscall/index.js';
import { readProgramInfo } from '../../program-info.js';
import { BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE, BPF_F_REPLACE } from '../attach-flags.js';
import { attachRefused } from '../attach-refused.js';
import type { Attachable } from '../attachable.js';
import type { LinkParts } from '../link.js';
import type { OrderFields } from '../mprog-order.js';
import { type CgroupAttempt, explainCgroup } from './cgroup-explain.js';
import { type CgroupFolder, notCgroup, openCgroup } from './cgroup-folder.js';
import { isCgroupHook, queryHook } from './cgroup-query.js';

export interface CgroupAttach extends Omit<CgroupAttempt, 'folder'> {
  readonly cgroup: string | number;
  /** Of the order and of BPF_F_PREORDER. */
  readonly flags: number;
  readonly order: OrderFields | undefined;
  readonly replace: { readonly fd: number } | undefined;
}

interface OpenAttach extends CgroupAttach {
  readonly folder: CgroupFolder;
}

const modes = { none: 0, allow_override: BPF_F_ALLOW_OVERRIDE, allow_multi: BPF_F_ALLOW_MULTI } as const;

/** BPF_PROG_ATTACH (Linux 4.10, kernel/bpf/cgroup.c). The cgroup's folder stays open for detaching. */
export function attachWithoutLink(program: Attachable, attach: CgroupAttach): LinkParts {
  const { cgroup, flag, replace } = attach;
  const mode = modes[flag];
  if (mode === undefined)
    throw new TypeError(
      `attachFlag: ${JSON.stringify(flag)} is none; there are ${Object.keys(modes).join(', ')}`,
    );
  if (replace && flag !== 'allow_multi')
    throw new TypeError(`replace: with attachFlag '${flag}' there is one program, which is replaced anyway`);
  const own = typeof cgroup === 'number' ? `/proc/self/fd/${cgroup}` : cgroup;
  const folder = openCgroup(own, `${program.file}: program ${program.name}: attach to cgroup`);
  try {
    return attachTo(program, { ...attach, folder }, mode);
  } catch (error) {
    folder.close();
    throw error;
  }
}

function attachTo(program: Attachable, attach: OpenAttach, mode: number): LinkParts {
  const { sys, name } = program;
  const { folder, attachType, flag, order, replace } = attach;
  const place = { target_fd: folder.fd, attach_type: attachType };
  const call = (which: Attachable, flags: number, replaced?: number, at?: OrderFields) => {
    const cmd = BpfCmd.BPF_PROG_ATTACH;
    const result = bpf(sys, cmd, {
      ...place,
      attach_bpf_fd: which.fd,
      attach_flags: flags,
      ...(replaced === undefined ? {} : { replace_bpf_fd: replaced }),
      ...(at ? { relative_fd: at.relative_fd, expected_revision: at.expected_revision } : {}),
    });
    if (result >= 0) return;
    const cause = explainCgroup(which, attach, -result);
    throw attachRefused(which, {
      syscall: 'bpf',
      cmd,
      kind: 'cgroup',
      target: folder.path,
      errno: -result,
      cause,
    });
  };
  // A link belongs to the program that it runs, and is closed before that one is: its fd stays good for as long as it is needed.
  let runs = program;
  call(program, mode | attach.flags | (replace ? BPF_F_REPLACE : 0), replace?.fd, order);
  return {
    sys,
    kind: 'cgroup',
    program: name,
    target: folder.path,
    holders: [
      { close: () => folder.close(), release: () => folder.close() },
      { close: () => detach(runs, attach) },
    ],
    update(next) {
      if (flag === 'allow_multi') call(next, mode | BPF_F_REPLACE, runs.fd);
      else call(next, mode);
      runs = next;
    },
  };
}

function detach(program: Attachable, { folder, attachType, flag }: OpenAttach): void {
  const { sys, fd, name } = program;
  const what = `program ${name}: detach from cgroup ${folder.path}`;
  // But for allow_multi the kernel takes away whatever program is there, which need not be this one any more.
  const hook = flag === 'allow_multi' ? undefined : queryHook(sys, folder.fd, attachType);
  if (typeof hook === 'object' && !hook.programIds.includes(readProgramInfo(sys, fd, what).id)) return;
  const result = bpf(sys, detachCmd, { target_fd: folder.fd, attach_bpf_fd: fd, attach_type: attachType });
  if (result < 0 && result !== -Errno.ENOENT)
    throw new BpfError({ syscall: 'bpf', cmd: detachCmd, errno: -result, what });
}

const detachCmd = BpfCmd.BPF_PROG_DETACH;

/** A program that is attached to a cgroup without a link. */
export interface CgroupAttachment {
  /** Path of the cgroup's folder, or a fd of it. */
  readonly cgroup: string | number;
  /** `enum bpf_attach_type`. */
  readonly attachType: number;
  /** Where programs do not go together (`none`, `allow_override`) the kernel detaches the one that is there, whichever this is. */
  readonly program: { readonly fd: number };
  /** Default: this machine's kernel. */
  readonly sys?: Sys;
}

/** Detaches a program that was attached without a link, by whatever process: BPF_PROG_DETACH (Linux 4.10). Throws BpfError; links are detached by {@link Link.detach}. */
export function detachCgroup({ cgroup, attachType, program, sys = liveSys() }: CgroupAttachment): void {
  const what = `detach a ${attachTypeName(attachType)} program from cgroup ${cgroup}`;
  if (!isCgroupHook(attachType)) throw new TypeError(`${what}: no such programs attach to cgroups`);
  const folder = openCgroup(cgroup, what);
  try {
    const place = { target_fd: folder.fd, attach_bpf_fd: program.fd, attach_type: attachType };
    const result = bpf(sys, detachCmd, place);
    if (result >= 0) return;
    const cause = explainDetach(sys, folder, -result);
    throw errorFor(cause, { syscall: 'bpf', cmd: detachCmd, errno: -result, what });
  } finally {
    folder.close();
  }
}

function explainDetach(sys: Sys, folder: CgroupFolder, errno: number): Cause | undefined {
  switch (errno) {
    case Errno.EBADF:
      return notCgroup(folder);
    case Errno.ENOENT:
      return {
        reason: 'the program is not attached there, or a link holds it',
        advice: 'A link is detached by its id.',
      };
    case Errno.EPERM:
      return lackOfBpfOrNetAdmin(readFacts(Kernel.running(sys)));
    default:
      return undefined;
  }
}
