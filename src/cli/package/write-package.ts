import { deflateSync } from 'node:zlib';
import { type BtfTypes, typeName } from '../../btf/index.js';
import {
  eventTypeId,
  type GlobalSpec,
  type MapSpec,
  type ObjectSpec,
  parseObject,
} from '../../object/index.js';
import type { SourceDocs } from './source-docs.js';

/** The version of ecc whose schema is followed. */
const schemaVersion = '0.3.4';

export interface PackageSource {
  /** The `.bpf.o`. */
  readonly bytes: Uint8Array;
  /** Base name of the object, without `.bpf.o`. */
  readonly name: string;
  /** What comments of the source say, where there is one. */
  readonly docs?: SourceDocs;
}

/** A `package.json` as ecc writes it, which `ecli run` and `rawbpf run` take. Throws FormatError for bytes that are no BPF object. */
export function writePackage({ bytes, name, docs }: PackageSource, file: string): object {
  // As the skeletons of bpftool name an object; libbpf names the maps of data sections from that.
  const objectName = `${name}.bpf`.replaceAll(/\W/g, '_');
  const spec = parseObject(bytes, { file, name: objectName });
  const exported = exportTypes(spec);
  return {
    bpf_object: Buffer.from(deflateSync(bytes)).toString('base64'),
    bpf_object_size: bytes.length,
    meta: {
      bpf_skel: {
        data_sections: dataSections(spec, docs),
        ...(docs?.doc ? { doc: docs.doc } : {}),
        maps: spec.maps.map(map => mapMeta(spec, map, docs)),
        obj_name: objectName,
        progs: spec.programs.map(program => ({
          attach: program.section,
          link: true,
          name: program.name,
          ...docs?.programs.get(program.name),
        })),
      },
      eunomia_version: schemaVersion,
      ...(exported.length > 0 ? { export_types: exported } : {}),
    },
  };
}

function dataSections({ maps, globals, btf }: ObjectSpec, docs: SourceDocs | undefined) {
  if (!btf) return [];
  return maps.flatMap(({ name, internal }) => {
    const variables = globals.filter(global => global.map === name && isNamed(global));
    if (!internal || internal.kind === 'kconfig' || variables.length === 0) return [];
    const metas = variables.map(global => ({
      name: global.name,
      type: plainTypeName(btf, global.typeId),
      ...docs?.variables.get(global.name),
    }));
    return [{ name, variables: metas }];
  });
}

/** False for what a function keeps for itself: `handle_tp.____fmt`. */
function isNamed({ name }: GlobalSpec): boolean {
  return /^[A-Za-z_]\w*$/.test(name);
}

function plainTypeName(btf: BtfTypes, typeId: number): string {
  return typeName(btf, typeId).replaceAll(/\b(const|volatile) /g, '');
}

function mapMeta(
  { globals }: ObjectSpec,
  { name, kernelName, internal }: MapSpec,
  docs: SourceDocs | undefined,
) {
  const ident = name.replace(/^\./, '').replaceAll(/\W/g, '_');
  // libbpf maps into memory those in which there is something to set.
  const mapped = internal && globals.some(global => global.map === name && isNamed(global));
  return {
    ident,
    ...(mapped ? { mmaped: true } : {}),
    name: internal && !/^\.\w+\./.test(name) ? kernelName : name,
    ...docs?.maps.get(name),
  };
}

/** The structs that come out of the object: what its events are, and the values of maps of slots. */
function exportTypes(spec: ObjectSpec) {
  const { btf } = spec;
  if (!btf) return [];
  const ids = spec.maps.flatMap(map => eventTypeId(spec, map) ?? slotsTypeId(btf, map) ?? []);
  return [...new Set(ids)].flatMap(id => {
    const type = btf.resolved(id);
    if (type.kind !== 'struct') return [];
    const members = type.members.map(member => ({
      name: member.name,
      type: plainTypeName(btf, member.type),
    }));
    return [{ members, name: type.name, size: btf.sizeOf(id), type_id: type.id }];
  });
}

function slotsTypeId(btf: BtfTypes, { internal, valueTypeId }: MapSpec): number | undefined {
  if (internal || valueTypeId === 0) return undefined;
  const type = btf.resolved(valueTypeId);
  return type.kind === 'struct' && type.members.some(({ name }) => name === 'slots') ? type.id : undefined;
}
