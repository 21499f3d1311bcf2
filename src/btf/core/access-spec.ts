import { BpfCoreReloKind } from '../../abi/index.js';
import type { BtfArray, BtfStruct, BtfType, BtfTypes, CoreRelocation } from '../types.js';
import { RelocationFault } from './relocation-fault.js';

/** How many steps an access may take (BPF_CORE_SPEC_MAX_LEN in libbpf). */
export const maxSteps = 64;

/** One meaningful step of an access: a named field, or an element of an array (`name` undefined). */
export interface Accessor {
  /** The struct that has the field, or the type of the element. */
  readonly typeId: number;
  readonly index: number;
  readonly name: string | undefined;
}

/** What a relocation accesses, in one BTF. */
export interface AccessSpec {
  readonly btf: BtfTypes;
  readonly kind: number;
  readonly rootTypeId: number;
  readonly accessors: readonly Accessor[];
  /** Every step, those through anonymous members too: the access string. */
  readonly steps: readonly number[];
  readonly bitOffset: number;
}

const {
  BPF_CORE_FIELD_BYTE_OFFSET,
  BPF_CORE_FIELD_RSHIFT_U64,
  BPF_CORE_TYPE_ID_LOCAL,
  BPF_CORE_TYPE_SIZE,
  BPF_CORE_TYPE_MATCHES,
  BPF_CORE_ENUMVAL_EXISTS,
  BPF_CORE_ENUMVAL_VALUE,
} = BpfCoreReloKind;

export const isFieldKind = (kind: number): boolean =>
  kind >= BPF_CORE_FIELD_BYTE_OFFSET && kind <= BPF_CORE_FIELD_RSHIFT_U64;
export const isTypeKind = (kind: number): boolean =>
  (kind >= BPF_CORE_TYPE_ID_LOCAL && kind <= BPF_CORE_TYPE_SIZE) || kind === BPF_CORE_TYPE_MATCHES;
export const isEnumKind = (kind: number): boolean =>
  kind === BPF_CORE_ENUMVAL_EXISTS || kind === BPF_CORE_ENUMVAL_VALUE;

/**
 * Reads the access of a relocation in the object's own types (libbpf: bpf_core_parse_spec). Throws RelocationFault when it is not one of the
 * type that it begins with.
 */
export function parseAccess(btf: BtfTypes, { typeId, access, kind }: CoreRelocation): AccessSpec {
  const whole = { btf, kind, rootTypeId: typeId };
  if (isTypeKind(kind)) {
    if (access !== '0')
      throw new RelocationFault(`the access ${JSON.stringify(access)} of a type is to be "0"`);
    return { ...whole, accessors: [], steps: [], bitOffset: 0 };
  }
  const steps = parseSteps(access);
  const [first = 0] = steps;
  const rootId = btf.resolve(typeId);
  const root = btf.type(rootId);
  if (isEnumKind(kind)) {
    const value = isEnum(root) && steps.length === 1 ? root.values[first] : undefined;
    if (!value) throw new RelocationFault(`the access ${access} is no value of ${describe(root)}`);
    return {
      ...whole,
      accessors: [{ typeId: rootId, index: first, name: value.name }],
      steps,
      bitOffset: 0,
    };
  }
  if (!isFieldKind(kind)) throw new RelocationFault(`the kind ${kind} of relocation is not known`);
  return { ...whole, ...walk(btf, rootId, steps), steps };
}

function walk(
  btf: BtfTypes,
  rootId: number,
  steps: readonly number[],
): Pick<AccessSpec, 'accessors' | 'bitOffset'> {
  const [first = 0, ...rest] = steps;
  const accessors: Accessor[] = [{ typeId: rootId, index: first, name: undefined }];
  let bitOffset = first * btf.sizeOf(rootId) * 8;
  let id = rootId;
  for (const index of rest) {
    id = btf.resolve(id);
    const type = btf.type(id);
    if (type.kind === 'struct' || type.kind === 'union') {
      const member = type.members[index];
      if (!member) throw new RelocationFault(`${describe(type)} has no member ${index}`);
      bitOffset += member.bitOffset;
      if (member.name !== '') accessors.push({ typeId: id, index, name: member.name });
      id = member.type;
    } else if (type.kind === 'array') {
      if (index >= type.nelems && !isFlexibleArray(btf, accessors.at(-1), type))
        throw new RelocationFault(`the array has ${type.nelems} elements, and none with index ${index}`);
      id = btf.resolve(type.type);
      accessors.push({ typeId: id, index, name: undefined });
      bitOffset += index * btf.sizeOf(id) * 8;
    } else throw new RelocationFault(`${describe(type)} has neither members nor elements`);
  }
  return { accessors, bitOffset };
}

function parseSteps(access: string): number[] {
  const steps = access.split(':').map(step => (/^\d{1,9}$/.test(step) ? Number(step) : -1));
  if (steps.includes(-1) || steps.length > maxSteps)
    throw new RelocationFault(
      `the access ${JSON.stringify(access)} is not up to ${maxSteps} numbers with colons between them`,
    );
  return steps;
}

/** True for an array without a size at the end of a struct. */
export function isFlexibleArray(btf: BtfTypes, accessor: Accessor | undefined, array: BtfArray): boolean {
  if (accessor?.name === undefined || array.nelems > 0) return false;
  const struct = btf.type(accessor.typeId) as BtfStruct;
  return accessor.index === struct.members.length - 1;
}

export function isEnum(type: BtfType): type is Extract<BtfType, { kind: 'enum' | 'enum64' }> {
  return type.kind === 'enum' || type.kind === 'enum64';
}

export function isComposite(type: BtfType): type is BtfStruct {
  return type.kind === 'struct' || type.kind === 'union';
}

function describe({ kind, name }: BtfType): string {
  return `${kind} ${name || '(anonymous)'}`;
}
