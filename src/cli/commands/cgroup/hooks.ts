import { Kernel } from '../../../kernel/index.js';
import {
  type CgroupAttachFlag,
  type CgroupHook,
  openProgram,
  type ProgramInfo,
  queryCgroup,
} from '../../../programs/index.js';
import { BpfError, Errno, liveSys } from '../../../syscall/index.js';

/** A program of a cgroup by bpftool's names. Without `attach_flags` where effective programs were asked for. */
export interface HookRecord {
  readonly id: number;
  readonly attach_type: string;
  readonly attach_flags?: string;
  readonly name: string;
  /** Of the function of the kernel that an lsm_cgroup program is for. */
  readonly attach_btf_name?: string;
  readonly attach_btf_obj_id: number;
  readonly attach_btf_id: number;
}

/** The programs of a cgroup. Throws BpfError when it is none. */
export function hookRecords(cgroup: string, effective: boolean): HookRecord[] {
  return queryCgroup(cgroup, { effective }).flatMap(hook =>
    hook.programIds.flatMap((id, i) => recordOf(hook, id, hook.attachFlags[i])),
  );
}

const flagWords: Readonly<Record<CgroupAttachFlag, string>> = {
  none: '',
  allow_override: 'override',
  allow_multi: 'multi',
};

/** None for a program that is gone by now. */
function recordOf(
  { attachTypeName }: CgroupHook,
  id: number,
  flag: CgroupAttachFlag | undefined,
): HookRecord[] {
  try {
    using program = openProgram({ id });
    const info = program.info();
    return [
      {
        id,
        attach_type: attachTypeName,
        ...(flag === undefined ? {} : { attach_flags: flagWords[flag] }),
        name: program.fullName(),
        ...targetName(info),
        attach_btf_obj_id: info.attachBtfObjId,
        attach_btf_id: info.attachBtfId,
      },
    ];
  } catch (error) {
    if (error instanceof BpfError && error.errno === Errno.ENOENT) return [];
    throw error;
  }
}

function targetName({ attachBtfObjId, attachBtfId }: ProgramInfo): { readonly attach_btf_name?: string } {
  // As bpftool, which names type 0 of the kernel's BTF.
  if (attachBtfId === 0) return { attach_btf_name: '' };
  const { btf, modules } = Kernel.running(liveSys());
  const owner = modules.find(({ id }) => id === attachBtfObjId)?.btf ?? btf;
  return owner ? { attach_btf_name: owner.type(attachBtfId).name } : {};
}

const heads = { flags: ['ID', 'AttachType', 'AttachFlags', 'Name'], effective: ['ID', 'AttachType', 'Name'] };

/** The heading of bpftool's table. */
export function hookHeading(effective: boolean): string {
  return columns(effective ? heads.effective : heads.flags);
}

export function hookLine(hook: HookRecord, indent = ''): string {
  const { id, attach_type, attach_flags, name, attach_btf_name = '', attach_btf_id } = hook;
  const target = attach_btf_name || (attach_btf_id ? `attach_btf_id=${attach_btf_id}` : '');
  return (
    indent +
    columns([`${id}`, attach_type, ...(attach_flags === undefined ? [] : [attach_flags]), name, target])
  );
}

function columns([id = '', ...rest]: readonly string[]): string {
  return [id.padEnd(8), ...rest.map(text => text.padEnd(15))].join(' ').trimEnd();
}
