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

type Stripped<Name> = Name extends `BPF_MAP_TYPE_${infer Rest}` ? Rest : never;

/** A type of maps as bpftool names it: `percpu_hash`. */
export type MapTypeName = Lowercase<
  Exclude<Stripped<keyof typeof BpfMapType>, 'UNSPEC' | `${string}_DEPRECATED`>
>;

const mapTypeByName: ReadonlyMap<string, number> = new Map(
  Object.values(mapTypes)
    .filter(type => type !== BpfMapType.BPF_MAP_TYPE_UNSPEC)
    .map(type => [mapTypeName(type), type]),
);

/** `enum bpf_map_type` of a name. Throws TypeError for one that is none. */
export function mapTypeNamed(name: MapTypeName | number): number {
  const type = typeof name === 'number' ? name : mapTypeByName.get(name);
  if (type === undefined)
    throw new TypeError(
      `map type ${name}: there is none of this name; there is ${[...mapTypeByName.keys()].join(', ')}`,
    );
  return type;
}

/** bpftool's spelling of a kernel constant: without its prefix, in lower case, deprecated or not. */
function spelled(constants: Readonly<Record<string, number>>, value: number, prefix: string): string {
  const name = enumName(constants, value)
    ?.slice(prefix.length)
    .replace(/_DEPRECATED$/, '');
  return name?.toLowerCase() ?? `unknown (${value})`;
}
