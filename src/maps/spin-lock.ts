import type { MapDef } from './map-def.js';

/** Whether a map's value has a `struct bpf_spin_lock` that the kernel can hold: a member of the value itself (btf_parse_fields in kernel/bpf/btf.c). */
export function hasSpinLock({ btf, valueTypeId }: MapDef): boolean {
  if (!btf || !valueTypeId) return false;
  const type = btf.resolved(valueTypeId);
  if (type.kind !== 'struct') return false;
  return type.members.some(member => {
    const held = btf.resolved(member.type);
    return held.kind === 'struct' && held.name === 'bpf_spin_lock';
  });
}
