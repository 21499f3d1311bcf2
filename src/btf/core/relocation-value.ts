import { BpfCoreReloKind } from '../../abi/index.js';
import type { BtfMember, BtfStruct, BtfType, BtfTypes } from '../types.js';
import { type AccessSpec, isEnum, isEnumKind, isTypeKind } from './access-spec.js';
import { RelocationFault } from './relocation-fault.js';

/** What an instruction holds and what it is to hold. Values are those of a `__u64`. */
export interface CoreValues {
  /** True when nothing can stand in the instruction: it must not be reached. */
  readonly poison: boolean;
  /** True when the instruction has to hold `before`. */
  readonly validate: boolean;
  readonly before: bigint;
  readonly after: bigint;
  /** Bytes that a load or store is to access, before and after; 0 when they do not matter. */
  readonly sizeBefore: number;
  readonly sizeAfter: number;
  /** True when a load or store of the one size cannot be made one of the other. */
  readonly sizesClash: boolean;
}

const {
  BPF_CORE_FIELD_BYTE_OFFSET,
  BPF_CORE_FIELD_BYTE_SIZE,
  BPF_CORE_FIELD_EXISTS,
  BPF_CORE_FIELD_SIGNED,
  BPF_CORE_FIELD_LSHIFT_U64,
  BPF_CORE_FIELD_RSHIFT_U64,
  BPF_CORE_TYPE_ID_LOCAL,
  BPF_CORE_TYPE_ID_TARGET,
  BPF_CORE_TYPE_SIZE,
  BPF_CORE_ENUMVAL_EXISTS,
} = BpfCoreReloKind;

/** The value of one side, as far as it matters. */
interface Side {
  readonly value: bigint;
  readonly validate: boolean;
  /** Size and type of what a load or store accesses. */
  readonly size: number;
  readonly type: BtfType;
}

const nothing: BtfType = { kind: 'void', id: 0, name: '' };
const plain = (value: bigint | number, validate = true): Side => ({
  value: BigInt.asUintN(64, BigInt(value)),
  validate,
  size: 0,
  type: nothing,
});

/** The values of a relocation, given its access in the object and in the target (libbpf: bpf_core_calc_relo). Throws RelocationFault for what cannot be computed. */
export function coreValues(local: AccessSpec, target: AccessSpec | undefined): CoreValues {
  const { kind, rootTypeId } = local;
  if (kind === BPF_CORE_TYPE_ID_LOCAL) {
    const side = plain(rootTypeId, false);
    return values(side, side);
  }
  if (isTypeKind(kind)) return values(typeSide(local), target ? typeSide(target) : plain(0));
  if (kind === BPF_CORE_FIELD_EXISTS || kind === BPF_CORE_ENUMVAL_EXISTS)
    return values(plain(1), plain(target ? 1 : 0));
  const side = isEnumKind(kind) ? enumSide : fieldSide;
  const before = side(local);
  if (!target) return { ...values(before, plain(0)), poison: true };
  return values(before, side(target));
}

function values(before: Side, after: Side): CoreValues {
  return {
    poison: false,
    validate: before.validate,
    before: before.value,
    after: after.value,
    sizeBefore: before.size,
    sizeAfter: after.size,
    sizesClash: before.size !== after.size && !extends0(before.type, after.type),
  };
}

/** Pointers and unsigned integers may be read in another size, because what is above them is read as 0. */
function extends0(a: BtfType, b: BtfType): boolean {
  if (a.kind === 'ptr' && b.kind === 'ptr') return true;
  return a.kind === 'int' && b.kind === 'int' && !onlySigned(a) && !onlySigned(b);
}

function onlySigned({ signed, char, bool }: Extract<BtfType, { kind: 'int' }>): boolean {
  return signed && !char && !bool;
}

function typeSide({ btf, kind, rootTypeId }: AccessSpec): Side {
  if (kind === BPF_CORE_TYPE_ID_TARGET) return plain(rootTypeId, false);
  return plain(kind === BPF_CORE_TYPE_SIZE ? btf.sizeOf(rootTypeId) : 1);
}

function enumSide({ btf, accessors }: AccessSpec): Side {
  const [accessor] = accessors;
  const type = btf.type(accessor?.typeId ?? 0);
  const value = isEnum(type) ? type.values[accessor?.index ?? 0]?.value : undefined;
  if (value === undefined) throw new RelocationFault('the enum has no such value');
  // libbpf takes the 32 bits of a plain enum as signed, whatever the enum says.
  return plain(typeof value === 'bigint' ? value : BigInt.asIntN(32, BigInt(value)));
}

function fieldSide(spec: AccessSpec): Side {
  const { btf, kind, bitOffset } = spec;
  const accessor = spec.accessors.at(-1);
  const typeId = accessor?.typeId ?? 0;
  if (accessor?.name === undefined) {
    if (kind === BPF_CORE_FIELD_BYTE_OFFSET) return accessed(btf, typeId, bitOffset / 8);
    if (kind === BPF_CORE_FIELD_BYTE_SIZE) return plain(btf.sizeOf(typeId));
    throw new RelocationFault('only the offset and the size of an array element can be asked for');
  }
  const struct = btf.type(typeId) as BtfStruct;
  const member = struct.members[accessor.index] as BtfMember;
  const type = btf.resolved(member.type);
  const isBitField = member.bitSize > 0;
  const { byteOffset, byteSize } = isBitField
    ? container(bitOffset, member.bitSize, btf.sizeOf(type.id))
    : { byteOffset: Math.floor(bitOffset / 8), byteSize: btf.sizeOf(type.id) };
  const bitSize = isBitField ? member.bitSize : byteSize * 8;
  switch (kind) {
    case BPF_CORE_FIELD_BYTE_OFFSET:
      return isBitField ? plain(byteOffset, false) : accessed(btf, type.id, byteOffset);
    case BPF_CORE_FIELD_BYTE_SIZE:
      return plain(byteSize, !isBitField);
    case BPF_CORE_FIELD_SIGNED:
      return plain((isEnum(type) || type.kind === 'int') && type.signed ? 1 : 0);
    case BPF_CORE_FIELD_LSHIFT_U64: {
      const within = bitOffset - byteOffset * 8;
      const shift = btf.endian === 'little' ? 64 - (within + bitSize) : (8 - byteSize) * 8 + within;
      return plain(shift, !isBitField);
    }
    case BPF_CORE_FIELD_RSHIFT_U64:
      return plain(64 - bitSize);
    default:
      throw new RelocationFault(`the kind ${kind} of relocation is not known`);
  }
}

/** An offset at which a load or store stands; of an array its elements are accessed. */
function accessed(btf: BtfTypes, typeId: number, byteOffset: number): Side {
  let element = btf.resolved(typeId);
  while (element.kind === 'array') element = btf.resolved(element.type);
  return { ...plain(Math.floor(byteOffset)), size: btf.sizeOf(element.id), type: btf.type(typeId) };
}

/** The smallest naturally aligned integer that holds a bit-field. Throws RelocationFault when 8 bytes do not. */
function container(bitOffset: number, bitSize: number, typeSize: number) {
  for (let byteSize = typeSize; byteSize > 0 && byteSize <= 8; byteSize *= 2) {
    const byteOffset = Math.floor(bitOffset / 8 / byteSize) * byteSize;
    if (bitOffset + bitSize - byteOffset * 8 <= byteSize * 8) return { byteOffset, byteSize };
  }
  throw new RelocationFault('the bit-field cannot be read by a load of 64 bits');
}
