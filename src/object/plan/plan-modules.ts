import { BpfCmd } from '../../abi/index.js';
import type { KernelView } from './kernel-view.js';
import type { FdRef, PlanStep, PlanValue } from './plan-types.js';
import { isFdPointer, isFdRef, isLinkedInsns } from './plan-values.js';

const prefix = 'btf:';

/** The calls that open the BTF of every module that the steps refer to as `btf:NAME`. */
export function planModules(steps: readonly PlanStep[], kernel: KernelView): PlanStep[] {
  const names = new Set<string>();
  for (const step of steps)
    for (const value of Object.values(step.attr))
      if (typeof value === 'object')
        for (const { fd } of fdsIn(value)) if (fd.startsWith(prefix)) names.add(fd.slice(prefix.length));
  return [...names].map(name => ({
    cmd: BpfCmd.BPF_BTF_GET_FD_BY_ID,
    attr: { btf_id: kernel.modules?.find(m => m.name === name)?.id ?? 0 },
    makes: `${prefix}${name}`,
    what: `BTF of module ${name}`,
    onError: 'fail',
  }));
}

function fdsIn(value: PlanValue): FdRef[] {
  if (isFdRef(value)) return [value];
  if (isLinkedInsns(value)) return value.fixups.map(fixup => fixup.ref);
  if (isFdPointer(value)) return [value.pointsTo].flat().filter(ref => ref !== undefined);
  return [];
}
