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

type Spelled<Name, Prefix extends string> = Name extends `${Prefix}${infer Rest}` ? Lowercase<Rest> : never;

/** A type of programs as bpftool names it: `sched_cls`. */
export type ProgTypeName = Exclude<Spelled<keyof typeof BpfProgType, 'BPF_PROG_TYPE_'>, 'unspec'>;

/** A type of attachment as libbpf names it: `trace_fentry`. */
export type AttachTypeName = Spelled<keyof typeof attachTypes, 'BPF_'>;

/** `enum bpf_prog_type` of a name. Throws TypeError for one that is none. */
export function progTypeNamed(name: ProgTypeName | number): number {
  return typeof name === 'number' ? name : named(BpfProgType, name, 'BPF_PROG_TYPE_', 'program type');
}

/** `enum bpf_attach_type` of a name. Throws TypeError for one that is none. */
export function attachTypeNamed(name: AttachTypeName | number): number {
  return typeof name === 'number' ? name : named(attachTypes, name, 'BPF_', 'attach type');
}

function named(
  constants: Readonly<Record<string, number>>,
  name: string,
  prefix: string,
  what: string,
): number {
  const value = constants[`${prefix}${name.toUpperCase()}`];
  if (value === undefined)
    throw new TypeError(
      `${what} ${name}: there is none of this name; there is ${Object.keys(constants)
        .filter(constant => constant.startsWith(prefix))
        .map(constant => constant.slice(prefix.length).toLowerCase())
        .join(', ')}`,
    );
  return value;
}

/** bpftool's spelling of a kernel constant: without its prefix, in lower case, deprecated or not. */
function spelled(constants: Readonly<Record<string, number>>, value: number, prefix: string): string {
  const name = enumName(constants, value)
    ?.slice(prefix.length)
    .replace(/_DEPRECATED$/, '');
  return name?.toLowerCase() ?? `unknown (${value})`;
}
