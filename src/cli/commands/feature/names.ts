import { BpfAttachType, BpfFuncId, BpfLinkType, enumName } from '../../../abi/index.js';
import { helperIds, mapTypes, progTypes } from '../../../kernel/index.js';
import { attachTypeName, mapTypeName, progTypeName } from '../../../object/index.js';

/** `bpf_map_lookup_elem` of BPF_FUNC_map_lookup_elem. */
export function helperName(id: number): string {
  return enumName(BpfFuncId, id)?.replace('BPF_FUNC_', 'bpf_') ?? `bpf_helper_${id}`;
}

export const builtinGroups = ['prog_types', 'map_types', 'attach_types', 'link_types', 'helpers'] as const;
export type BuiltinGroup = (typeof builtinGroups)[number];

const numbers = (constants: Readonly<Record<string, number>>): number[] =>
  [...new Set(Object.values(constants))].sort((a, b) => a - b);

/** What rawbpf knows of each, in the kernel's order: as `bpftool feature list_builtins` lists what bpftool knows. */
export function builtins(group: BuiltinGroup): string[] {
  switch (group) {
    case 'prog_types':
      return ['unspec', ...progTypes.map(progTypeName)];
    case 'map_types':
      return ['unspec', ...mapTypes.map(mapTypeName)];
    case 'attach_types':
      return numbers(BpfAttachType).map(attachTypeName);
    case 'link_types':
      return numbers(BpfLinkType).map(
        type => enumName(BpfLinkType, type)?.replace('BPF_LINK_TYPE_', '').toLowerCase() ?? '',
      );
    case 'helpers':
      return ['bpf_unspec', ...helperIds.map(helperName)];
  }
}
