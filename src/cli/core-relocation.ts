import { accessText } from '../btf/index.js';
import { type CoreOutcome, coreKindName } from '../object/index.js';

/**
 * What became of a CO-RE relocation, as plain data.
 * - `resolved`: the instruction holds `to` instead of `from`
 * - `absent`: so it does, and `to` says that the kernel does not have it (of what asks whether it is there, or for its size)
 * - `poisoned`: the kernel does not have it, and the instruction must not be reached
 */
export type RelocationReport = ReturnType<typeof relocationReport>;

export function relocationReport({ func, index, path, resolution, poisoned, reason, source }: CoreOutcome) {
  const { relocation, values, local, target } = resolution;
  return {
    function: func,
    insn: index,
    kind: coreKindName(relocation.kind),
    access: path,
    status: poisoned ? 'poisoned' : target ? 'resolved' : 'absent',
    from: BigInt.asIntN(64, values.before),
    to: poisoned ? null : BigInt.asIntN(64, values.after),
    local: accessText(local),
    target: target ? accessText(target) : null,
    ...(reason === undefined ? {} : { reason }),
    ...(source === undefined ? {} : { source }),
  };
}
