import { BpfAttachType, BpfCoreReloKind, BpfMapType, BpfProgType, enumName } from '../abi/index.js';
import { newerAttachTypes } from './section-names.js';

/** `tracepoint`, as bpftool calls BPF_PROG_TYPE_TRACEPOINT. */
export function progTypeName(type: number): string {
  return spelled(BpfProgType, type, 'BPF_PROG_TYPE_');
}

/** `percpu_hash`, as bpftool calls BPF_MAP_TYPE_PERCPU_HASH. */
export function mapTypeName(type: number): string {
  return spelled(mapTypes, type, 'BPF_MAP_TYPE_');
}

/** `trace_fentry`, as libbpf calls BPF_TRACE_FENTRY. */
export function attachTypeName(type: number): string {
  return spelled(attachTypes, type, 'BPF_');
}

/** `field_byte_offset`, of BPF_CORE_FIELD_BYTE_OFFSET. */
export function coreKindName(kind: number): string {
  return spelled(BpfCoreReloKind, kind, 'BPF_CORE_');
}

/** With those that Linux 6.19 and 7 brought. */
const mapTypes = { ...BpfMapType, BPF_MAP_TYPE_INSN_ARRAY: 34, BPF_MAP_TYPE_RHASH: 35 };
const attachTypes = { ...BpfAttachType, ...newerAttachTypes };

/** bpftool's spelling of a kernel constant: without its prefix, in lower case, deprecated or not. */
function spelled(constants: Readonly<Record<string, number>>, value: number, prefix: string): string {
  const name = enumName(constants, value)
    ?.slice(prefix.length)
    .replace(/_DEPRECATED$/, '');
  return name?.toLowerCase() ?? `unknown (${value})`;
}
