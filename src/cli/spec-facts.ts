import { type BtfValue, typeName } from '../btf/index.js';
import { coreKindName, globalCodec, type ObjectSpec } from '../object/index.js';

/** A global variable with its type and the value it has in the file. */
export interface GlobalValue {
  readonly name: string;
  readonly section: string;
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  readonly readonly: boolean;
  readonly value: BtfValue;
}

/** The globals of an object; none where it has no BTF. */
export function globalValues(spec: ObjectSpec): GlobalValue[] {
  const { btf } = spec;
  if (!btf) return [];
  const bytesOf = new Map(spec.maps.map(map => [map.name, map.internal?.bytes]));
  return spec.globals.map(({ name, map, section, typeId, offset, size, readonly }) => ({
    name,
    section,
    type: typeName(btf, typeId),
    offset,
    size,
    readonly,
    value: globalCodec(spec, name).read(bytesOf.get(map) ?? new Uint8Array(offset + size), offset),
  }));
}

/** A CO-RE relocation, in words. */
export interface CoreRelocationFact {
  readonly function: string;
  /** Slot within the function. */
  readonly insn: number;
  /** e.g. `field_byte_offset`. */
  readonly kind: string;
  /** e.g. `struct task_struct`. */
  readonly type: string;
  /** The members' indexes, e.g. `0:1:2`. */
  readonly access: string;
}

export function coreRelocations(spec: ObjectSpec): CoreRelocationFact[] {
  const { btf } = spec;
  if (!btf) return [];
  return [...spec.programs, ...spec.subprogs].flatMap(f =>
    f.coreRelocations.map(r => ({
      function: f.name,
      insn: (r.insnOffset - f.sectionOffset) / 8,
      kind: coreKindName(r.kind),
      type: typeName(btf, r.typeId),
      access: r.access,
    })),
  );
}
