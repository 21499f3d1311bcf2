import { BpfMapType } from '../abi/index.js';
import type { BtfMember, BtfStruct, BtfTypes } from '../btf/index.js';
import { FormatError } from '../errors/index.js';

/** What the struct type of a variable in `.maps` says of the map. */
export interface MapDef {
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  mapExtra: bigint;
  numaNode: number | undefined;
  pinning: 'none' | 'by_name';
  keyTypeId: number;
  valueTypeId: number;
  inner: MapDef | undefined;
  /** Byte offset of `values` in the struct. */
  valuesOffset: number | undefined;
}

/** Places of the attributes of one map, for messages. */
interface Scope {
  readonly btf: BtfTypes;
  readonly file: string;
  readonly map: string;
  readonly inner: boolean;
}

/**
 * Reads a BTF map definition: the attributes are the types of the struct's members, as `__uint`, `__type`, `__ulong` and `__array` of
 * bpf_helpers.h write them (libbpf: parse_btf_map_def). Throws FormatError naming the map and the attribute.
 */
export function parseMapDef(
  btf: BtfTypes,
  struct: BtfStruct,
  { file, map, inner = false }: { file: string; map: string; inner?: boolean },
): MapDef {
  const scope: Scope = { btf, file, map, inner };
  const def: MapDef = {
    type: BpfMapType.BPF_MAP_TYPE_UNSPEC,
    keySize: 0,
    valueSize: 0,
    maxEntries: 0,
    flags: 0,
    mapExtra: 0n,
    numaNode: undefined,
    pinning: 'none',
    keyTypeId: 0,
    valueTypeId: 0,
    inner: undefined,
    valuesOffset: undefined,
  };
  for (const [index, member] of struct.members.entries())
    readAttribute(def, member, index === struct.members.length - 1, scope);
  if (def.type === BpfMapType.BPF_MAP_TYPE_UNSPEC) throw wrong(scope, 'type', 'the map type is not given');
  return def;
}

function readAttribute(def: MapDef, member: BtfMember, last: boolean, scope: Scope): void {
  const uint = () => readUint(member, scope);
  switch (member.name) {
    case 'type':
      def.type = uint();
      return;
    case 'max_entries':
      def.maxEntries = uint();
      return;
    case 'map_flags':
      def.flags = uint();
      return;
    case 'numa_node':
      def.numaNode = uint();
      return;
    case 'map_extra':
      def.mapExtra = readUlong(member, scope);
      return;
    case 'key_size':
      def.keySize = agreed(def.keySize, uint(), 'key_size', scope);
      return;
    case 'value_size':
      def.valueSize = agreed(def.valueSize, uint(), 'value_size', scope);
      return;
    case 'key':
      def.keyTypeId = pointee(member, scope);
      def.keySize = agreed(def.keySize, sizeOf(def.keyTypeId, 'key', scope), 'key', scope);
      return;
    case 'value':
      def.valueTypeId = pointee(member, scope);
      def.valueSize = agreed(def.valueSize, sizeOf(def.valueTypeId, 'value', scope), 'value', scope);
      return;
    case 'pinning':
      if (scope.inner) throw wrong(scope, 'pinning', 'an inner map cannot be pinned');
      def.pinning = readPinning(uint(), scope);
      return;
    case 'values':
      if (!last) throw wrong(scope, 'values', 'has to be the last attribute');
      readValues(def, member, scope);
      return;
    default:
      throw wrong(scope, member.name || '(no name)', 'no such map attribute');
  }
}

/** `__uint(name, N)` is `int (*name)[N]`. */
function readUint(member: BtfMember, scope: Scope): number {
  const pointer = scope.btf.resolved(member.type);
  const array = pointer.kind === 'ptr' ? scope.btf.type(pointer.type) : undefined;
  if (array?.kind !== 'array')
    throw wrong(scope, member.name, `has to be written __uint(${member.name}, …), a pointer to an array`);
  return array.nelems;
}

/** `__ulong(name, N)` is an enum with one value. */
function readUlong(member: BtfMember, scope: Scope): bigint {
  const type = scope.btf.resolved(member.type);
  if (type.kind === 'ptr') return BigInt(readUint(member, scope));
  const value = type.kind === 'enum' || type.kind === 'enum64' ? type.values[0] : undefined;
  if (!value || (type.kind !== 'enum' && type.kind !== 'enum64') || type.values.length !== 1)
    throw wrong(scope, member.name, `has to be written __ulong(${member.name}, …), an enum of one value`);
  return BigInt.asUintN(64, BigInt(value.value));
}

/** `__type(name, T)` is `T *name`. */
function pointee(member: BtfMember, scope: Scope): number {
  const type = scope.btf.type(member.type);
  if (type.kind !== 'ptr')
    throw wrong(
      scope,
      member.name,
      `has to be written __type(${member.name}, …), a pointer, and is ${type.kind}`,
    );
  return type.type;
}

function sizeOf(typeId: number, name: string, scope: Scope): number {
  try {
    return scope.btf.sizeOf(typeId);
  } catch (error) {
    throw wrong(scope, name, 'its type has no size', error);
  }
}

function agreed(known: number, size: number, name: string, scope: Scope): number {
  if (known !== 0 && known !== size)
    throw wrong(scope, name, `${size} bytes contradict the ${known} bytes given before`);
  return size;
}

function readPinning(value: number, scope: Scope): 'none' | 'by_name' {
  if (value > 1) throw wrong(scope, 'pinning', `${value} is neither LIBBPF_PIN_NONE nor LIBBPF_PIN_BY_NAME`);
  return value === 1 ? 'by_name' : 'none';
}

/** `__array(values, T)` is `T *values[]`: T a map definition or, for a prog array, a function. */
function readValues(def: MapDef, member: BtfMember, scope: Scope): void {
  const { btf, file, map } = scope;
  if (scope.inner) throw wrong(scope, 'values', 'an inner map cannot have inner maps');
  const mapInMap =
    def.type === BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS || def.type === BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS;
  if (!mapInMap && def.type !== BpfMapType.BPF_MAP_TYPE_PROG_ARRAY)
    throw wrong(scope, 'values', 'only maps of maps and prog arrays have them');
  def.valueSize = agreed(def.valueSize, 4, 'values', scope);
  def.valuesOffset = member.bitOffset / 8;

  const array = btf.type(member.type);
  const pointer = array.kind === 'array' && array.nelems === 0 ? btf.resolved(array.type) : undefined;
  const target = pointer?.kind === 'ptr' ? btf.resolved(pointer.type) : undefined;
  const kind = mapInMap ? 'struct' : 'func_proto';
  if (target?.kind !== kind)
    throw wrong(
      scope,
      'values',
      `has to be written __array(values, …) of a ${mapInMap ? 'map' : 'function'}`,
    );
  if (target.kind === 'struct')
    def.inner = parseMapDef(btf, target, { file, map: `${map}.inner`, inner: true });
}

function wrong({ file, map }: Scope, attribute: string, reason: string, cause?: unknown): FormatError {
  const place = { file, section: '.maps', field: `map ${map}: ${attribute}` };
  return new FormatError(reason, place, cause === undefined ? undefined : { cause });
}
