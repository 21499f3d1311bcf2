import type { BtfType, BtfTypes } from '../types.js';

/** One type as `bpftool -j btf dump` describes it: its field names, kinds in capitals, `(anon)` for no name. */
export interface DumpedType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly [field: string]: unknown;
}

export interface DumpOptions {
  /** Only these types, none of what they refer to; all types of the blob when left out. */
  readonly roots?: Iterable<number>;
}

/** All types of a BTF blob (without its base), or those given, as the object that `bpftool -j btf dump` prints. Throws FormatError for an id that is not there. */
export function dumpJson(btf: BtfTypes, { roots }: DumpOptions = {}): { readonly types: DumpedType[] } {
  return { types: Array.from(roots ?? ownIds(btf), id => dumpType(btf.type(id))) };
}

/** Ids of the types of a blob, without its base's. */
export function* ownIds({ startId, endId }: BtfTypes): Generator<number, void, undefined> {
  for (let id = startId; id < endId; id++) yield id;
}

const anon = (name: string): string => name || '(anon)';

/** One type, its fields in bpftool's order (tools/bpf/bpftool/btf.c, dump_btf_type). */
export function dumpType(type: BtfType): DumpedType {
  return { id: type.id, kind: type.kind.toUpperCase(), name: anon(type.name), ...details(type) };
}

function details(type: BtfType): Record<string, unknown> {
  switch (type.kind) {
    case 'void':
      return {};
    case 'int':
      return { size: type.size, bits_offset: type.offset, nr_bits: type.bits, encoding: encoding(type) };
    case 'array':
      return { type_id: type.type, index_type_id: type.indexType, nr_elems: type.nelems };
    case 'struct':
    case 'union':
      return {
        size: type.size,
        vlen: type.members.length,
        members: type.members.map(m => ({
          name: anon(m.name),
          type_id: m.type,
          bits_offset: m.bitOffset,
          ...(m.bitSize ? { bitfield_size: m.bitSize } : {}),
        })),
      };
    case 'enum':
    case 'enum64':
      return {
        encoding: type.signed ? 'SIGNED' : 'UNSIGNED',
        size: type.size,
        vlen: type.values.length,
        values: type.values.map(v => ({ name: anon(v.name), val: enumerator(v.value, type.signed) })),
      };
    case 'fwd':
      return { fwd_kind: type.of };
    case 'func':
      return { type_id: type.type, linkage: type.linkage };
    case 'var':
      return { type_id: type.type, linkage: type.linkage };
    case 'func_proto':
      return {
        ret_type_id: type.type,
        vlen: type.params.length,
        params: type.params.map(p => ({ name: anon(p.name), type_id: p.type })),
      };
    case 'datasec':
      return {
        size: type.size,
        vlen: type.vars.length,
        vars: type.vars.map(v => ({ type_id: v.type, offset: v.offset, size: v.size })),
      };
    case 'float':
      return { size: type.size };
    case 'decl_tag':
      return { type_id: type.type, component_idx: type.componentIdx };
    default:
      return { type_id: type.type };
  }
}

function encoding(type: { signed: boolean; char: boolean; bool: boolean }): string {
  return type.signed ? 'SIGNED' : type.char ? 'CHAR' : type.bool ? 'BOOL' : '(none)';
}

/** bpftool widens a 32-bit enumerator with its sign before it prints it as unsigned, so that -1 of an unsigned enum is 2^64 - 1. */
function enumerator(value: number | bigint, signed: boolean): number | bigint {
  if (typeof value === 'bigint' || signed || value < 2 ** 31) return value;
  return BigInt.asUintN(64, BigInt(value | 0));
}
