import { BpfFlags } from '../abi/index.js';

/** When `set` may write: `any`, only a new key (`noExist`), only a present one (`exist`). */
export type UpdateMode = 'any' | 'noExist' | 'exist';

export interface LockOptions {
  /**
   * Holds the value's `struct bpf_spin_lock` while the value is copied (`BPF_F_LOCK`, Linux 5.1), so that it is never half of one update and half of
   * another. Only for maps whose value has one by BTF; else a TypeError.
   */
  readonly lock?: boolean;
}

export interface UpdateOptions extends LockOptions {
  readonly mode?: UpdateMode;
}

const modes: Readonly<Record<UpdateMode, number>> = {
  any: BpfFlags.BPF_ANY,
  noExist: BpfFlags.BPF_NOEXIST,
  exist: BpfFlags.BPF_EXIST,
};

/** The flags of an update, without the lock's. Throws TypeError for a mode that there is not. */
export function updateFlags(update: UpdateMode | UpdateOptions): number {
  const mode = typeof update === 'string' ? update : (update.mode ?? 'any');
  const flags = modes[mode];
  if (flags === undefined) throw new TypeError(`mode ${String(mode)}: it is any, noExist or exist`);
  return flags;
}
