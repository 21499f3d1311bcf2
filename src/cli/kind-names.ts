import { BpfAttachType, BpfMapType, BpfProgType, enumName } from '../abi/index.js';

/** `tracepoint`, as bpftool calls BPF_PROG_TYPE_TRACEPOINT. */
export function progTypeName(type: number): string {
  return lower(BpfProgType, type, 'BPF_PROG_TYPE_');
}

/** `percpu_hash`, as bpftool calls BPF_MAP_TYPE_PERCPU_HASH. */
export function mapTypeName(type: number): string {
  return lower(BpfMapType, type, 'BPF_MAP_TYPE_');
}

/** `trace_fentry`, as libbpf calls BPF_TRACE_FENTRY. */
export function attachTypeName(type: number): string {
  return lower(BpfAttachType, type, 'BPF_');
}

function lower(constants: Readonly<Record<string, number>>, value: number, prefix: string): string {
  const name = enumName(constants, value)
    ?.slice(prefix.length)
    .replace(/_DEPRECATED$/, '');
  return name?.toLowerCase() ?? `unknown (${value})`;
}
