import { Btf, type BtfTypes, codec, type RecordReader } from '../../../btf/index.js';
import { FormatError } from '../../../errors/index.js';
import { eventTypeId, type ObjectSpec } from '../../../object/index.js';
import type { BpfObject } from '../../../programs/index.js';
import type { Assignment } from '../../command-line/values.js';
import { declaredStruct } from '../../declared-struct.js';
import { type EventTypes, isEventMap } from '../../event-printer.js';
import type { EbpfPackage, PackageExport, PackageStruct } from '../../package/package.js';
import { Refusal } from '../../refusal.js';

/**
 * The types of events that the package of an object tells, and those of `--event MAP=STRUCT`, which win. Throws FormatError for a package whose types are not those
 * of its object, Refusal for a map or a struct that the object does not have.
 */
export function eventTypes(
  object: BpfObject,
  packed: EbpfPackage | undefined,
  asked: readonly Assignment[],
): EventTypes {
  const { spec } = object;
  const maps = spec.maps.map(map => map.name).filter(name => isEventMap(object.maps[name]));
  const types = new Map<string, string | RecordReader<unknown>>();
  for (const map of maps) {
    const type = packed && packagedType(spec, packed, map);
    if (type !== undefined) types.set(map, type);
  }
  for (const { name, value } of asked) {
    if (!maps.includes(name))
      throw new Refusal(
        `--event ${name}=${value}: there is no map of events ${name}; there is ${maps.join(', ') || 'none'}`,
      );
    types.set(name, value.includes(';') ? declaredStruct(value) : namedType(spec, name, value));
  }
  return types;
}

function packagedType(spec: ObjectSpec, packed: EbpfPackage, map: string): RecordReader<unknown> | undefined {
  const { exported, typedByMap, maps } = packed;
  if (typedByMap) {
    const config = maps.find(each => each.name === map)?.exportConfig;
    return config && spec.btf ? configured(spec.btf, config) : undefined;
  }
  const own = eventTypeId(spec, map);
  const structs = exported?.structs ?? [];
  const struct =
    structs.find(({ name }) => own !== undefined && spec.btf?.type(own).name === name) ?? structs[0];
  return struct && exportedType(spec, struct, exported?.btf);
}

/** A struct of the BTF that the package brings, or else of the object's; where they have none, what the package says of its members. */
function exportedType(spec: ObjectSpec, struct: PackageStruct, bytes: Uint8Array | undefined) {
  const field = `export_types: struct ${struct.name}`;
  const btf = bytes ? Btf.parse(bytes, { file: `${spec.file}: meta.export_types.export_btf` }) : spec.btf;
  const id = btf?.findByName(struct.name, 'struct');
  if (id === undefined && struct.declaration === undefined)
    throw new FormatError('the BTF of the object does not have it', { file: spec.file, field });
  const type = btf && id !== undefined ? codec(btf, id) : declaredStruct(struct.declaration ?? '');
  if (struct.size !== undefined && struct.size !== type.size)
    throw new FormatError(`says ${struct.size} bytes, but it has ${type.size}`, { file: spec.file, field });
  return type;
}

function configured(btf: BtfTypes, config: PackageExport): RecordReader<unknown> {
  if ('typeId' in config) return codec(btf, config.typeId);
  const members = config.members.map(({ name, offset, typeId }) => ({
    name,
    offset,
    type: codec(btf, typeId),
  }));
  const size = Math.max(...members.map(({ offset, type }) => offset + type.size));
  const readAt = (view: DataView, at: number) =>
    Object.fromEntries(members.map(({ name, offset, type }) => [name, type.readAt(view, at + offset)]));
  return {
    size,
    readAt,
    read: (bytes, offset = 0) =>
      readAt(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset),
  };
}

function namedType(spec: ObjectSpec, map: string, name: string): string {
  const bare = name.replace(/^(struct|union) /, '');
  const ids = (['struct', 'union', 'typedef'] as const).map(kind => spec.btf?.findByName(bare, kind));
  if (ids.some(id => id !== undefined)) return name;
  const known = spec.btf ? Array.from(spec.btf.idsOfKind('struct'), id => spec.btf?.type(id).name) : [];
  const structs = known.filter(Boolean).slice(0, 20).join(', ');
  throw new Refusal(
    `--event ${map}=${name}: the BTF of ${spec.file} has no struct ${bare}${structs ? `; it has ${structs}` : ''}`,
  );
}
