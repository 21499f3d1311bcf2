import { BpfCoreReloKind } from '../../abi/index.js';
import { type AccessSpec, isEnum, isEnumKind, isFieldKind } from './access-spec.js';

/** Kinds by the names that libbpf prints. */
const kindNames: Readonly<Record<number, string>> = {
  [BpfCoreReloKind.BPF_CORE_FIELD_BYTE_OFFSET]: 'byte_off',
  [BpfCoreReloKind.BPF_CORE_FIELD_BYTE_SIZE]: 'byte_sz',
  [BpfCoreReloKind.BPF_CORE_FIELD_EXISTS]: 'field_exists',
  [BpfCoreReloKind.BPF_CORE_FIELD_SIGNED]: 'signed',
  [BpfCoreReloKind.BPF_CORE_FIELD_LSHIFT_U64]: 'lshift_u64',
  [BpfCoreReloKind.BPF_CORE_FIELD_RSHIFT_U64]: 'rshift_u64',
  [BpfCoreReloKind.BPF_CORE_TYPE_ID_LOCAL]: 'local_type_id',
  [BpfCoreReloKind.BPF_CORE_TYPE_ID_TARGET]: 'target_type_id',
  [BpfCoreReloKind.BPF_CORE_TYPE_EXISTS]: 'type_exists',
  [BpfCoreReloKind.BPF_CORE_TYPE_MATCHES]: 'type_matches',
  [BpfCoreReloKind.BPF_CORE_TYPE_SIZE]: 'type_size',
  [BpfCoreReloKind.BPF_CORE_ENUMVAL_EXISTS]: 'enumval_exists',
  [BpfCoreReloKind.BPF_CORE_ENUMVAL_VALUE]: 'enumval_value',
};

/** An access as libbpf's log has it: `<byte_off> [4] struct task_struct.pid (0:1 @ offset 4)` (bpf_core_format_spec). */
export function accessText(spec: AccessSpec): string {
  const { btf, kind, rootTypeId, steps, bitOffset } = spec;
  const root = btf.type(rootTypeId);
  const head = `<${kindNames[kind] ?? 'unknown'}> [${rootTypeId}] ${root.kind} ${root.name || '<anon>'}`;
  if (isEnumKind(kind)) {
    const type = btf.resolved(rootTypeId);
    const value = isEnum(type) ? type.values[steps[0] ?? 0] : undefined;
    return `${head}::${value?.name} = ${value?.value}`;
  }
  if (!isFieldKind(kind)) return head;
  const bits = bitOffset % 8 ? `.${bitOffset % 8}` : '';
  return `${head}${fieldPath(spec)} (${steps.join(':')} @ offset ${Math.floor(bitOffset / 8)}${bits})`;
}

/** What an access reaches as C would write it: `struct task_struct.pid`, `enum state::RUNNING`. */
export function accessPath(spec: AccessSpec): string {
  const root = spec.btf.type(spec.rootTypeId);
  const name = `${root.kind === 'typedef' ? '' : `${root.kind} `}${root.name || '(anonymous)'}`;
  if (isEnumKind(spec.kind)) return `${name}::${spec.accessors[0]?.name}`;
  return `${name}${fieldPath(spec)}`;
}

function fieldPath({ accessors }: AccessSpec): string {
  return accessors
    .map(({ name, index }, position) => {
      if (name !== undefined) return `.${name}`;
      return position > 0 || index > 0 ? `[${index}]` : '';
    })
    .join('');
}
