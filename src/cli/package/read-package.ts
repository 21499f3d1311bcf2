import { inflateSync } from 'node:zlib';
import { FormatError } from '../../errors/index.js';
import { JsonReader } from './json-reader.js';
import type { EbpfPackage, PackageStruct, PackageTypes } from './package.js';
import { readDoc, readMap, readProgram, readVariables } from './read-meta.js';

/** True for the bytes of a JSON document; an object begins with the magic number of ELF files. */
export function looksLikePackage(bytes: Uint8Array): boolean {
  const first = bytes.find(byte => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return first === '{'.charCodeAt(0);
}

/**
 * Reads a `package.json` of ecc: as it writes it now (`bpf_object` and `meta`), with the `export_types` that it wrote before 0.3, and the first one (`data` and
 * `data_sz`, from before there was an ecc). Throws FormatError, naming the field, for a document that is none of them or damaged.
 */
export function readPackage(bytes: Uint8Array, file: string): EbpfPackage {
  const root = new JsonReader(parseJson(bytes, file), file);
  if (root.at('bpf_object').isThere) return readCurrent(root);
  if (root.at('data').isThere) return readFirst(root);
  if (root.at('bpf_skel').isThere)
    throw new FormatError(
      'this is the description of an object without the object: run the package.json that ecc wrote beside it',
      {
        file,
        field: 'bpf_object',
      },
    );
  throw new FormatError('is missing: this is no package of ecc, which has the object there', {
    file,
    field: 'bpf_object',
  });
}

function readCurrent(root: JsonReader): EbpfPackage {
  const meta = root.at('meta');
  if (!meta.isThere) throw meta.error('is to be an object that describes the program');
  const skeleton = meta.at('bpf_skel');
  if (!skeleton.isThere) throw skeleton.error('is to be an object with maps, progs and data_sections');
  return {
    object: objectBytes(root.at('bpf_object'), root.at('bpf_object_size')),
    name: skeleton.at('obj_name').maybe(r => r.string()),
    doc: readDoc(skeleton.at('doc')),
    variables: skeleton.at('data_sections').list().flatMap(readVariables),
    maps: skeleton.at('maps').list().map(readMap),
    programs: skeleton.at('progs').list().map(readProgram),
    exported: readTypes(meta.at('export_types')),
    typedByMap: meta.at('enable_multiple_export_types').maybe(r => r.boolean()) ?? false,
  };
}

/** Maps and programs of the first packages say nothing that the object does not, but for the events of a map. */
function readFirst(root: JsonReader): EbpfPackage {
  const text = (name: string) => root.at(name).maybe(r => r.string());
  const [description, version] = [text('description'), text('version')];
  return {
    object: objectBytes(root.at('data'), root.at('data_sz')),
    name: text('name'),
    doc: { ...(description ? { description } : {}), ...(version ? { version } : {}) },
    variables: [],
    maps: [],
    programs: [],
    exported: firstTypes(root.at('maps')),
    typedByMap: false,
  };
}

function parseJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FormatError(`is not JSON: ${(cause as Error).message}`, { file }, { cause });
  }
}

function objectBytes(object: JsonReader, size: JsonReader): Uint8Array {
  const bytes = inflated(object);
  const expected = size.maybe(r => r.size());
  if (expected !== undefined && bytes.length !== expected)
    throw size.error(`says ${expected} bytes, but the object has ${bytes.length}: the package is damaged`);
  return bytes;
}

const zlibDeflate = 0x78;

/** The largest object that is unpacked: bytes, far beyond any that a kernel takes. */
const mostBytes = 1 << 28;

function inflated(object: JsonReader): Uint8Array {
  const packed = base64(object);
  // The first packages have the object as it is.
  if (packed[0] !== zlibDeflate) return packed;
  try {
    return inflateSync(packed, { maxOutputLength: mostBytes });
  } catch (cause) {
    throw object.error(`cannot be unpacked with zlib: ${(cause as Error).message}`, cause);
  }
}

function base64(reader: JsonReader): Uint8Array {
  const text = reader.string().replaceAll(/\s/g, '');
  const stray = /[^A-Za-z0-9+/=]/.exec(text);
  if (stray) throw reader.error(`is not base64: there is ${JSON.stringify(stray[0])} at ${stray.index}`);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0) throw reader.error('is empty');
  return bytes;
}

/** A list of structs as it is now; before it was an object with BTF of its own. */
function readTypes(types: JsonReader): PackageTypes | undefined {
  if (!types.isThere) return undefined;
  if (types.isList) return { btf: undefined, structs: types.list().map(readStruct) };
  const btf = types.at('export_btf').maybe(base64);
  return { btf, structs: types.at('structs').list().map(readStruct) };
}

function readStruct(struct: JsonReader): PackageStruct {
  const id = struct.at('type_id').isThere ? struct.at('type_id') : struct.at('id');
  return {
    name: struct.at('name').string(),
    declaration: declaration(struct.at('members'), 'name', 'type'),
    typeId: id.maybe(r => r.size()),
    size: struct.at('size').maybe(r => r.size()),
  };
}

/** In the first packages a map says what its events are. Sizes are bits there. */
function firstTypes(maps: JsonReader): PackageTypes | undefined {
  const structs = maps.list().flatMap(map => {
    const type = map.at('export_data_types');
    if (!type.isThere) return [];
    const name = type.at('Struct Name').string();
    const bits = type.at('Size').maybe(r => r.size());
    const members = declaration(type.at('Fields'), 'Name', 'Type');
    return [
      { name, declaration: members, typeId: undefined, size: bits === undefined ? undefined : bits / 8 },
    ];
  });
  return structs.length > 0 ? { btf: undefined, structs } : undefined;
}

/** `char comm[16];` of a member `comm` that is a `char[16]`. */
function declaration(members: JsonReader, name: string, type: string): string | undefined {
  const lines = members.list().map(member => {
    const [, base, dimensions = ''] = /^(.*?)\s*((?:\[\d+\])*)$/.exec(member.at(type).string()) ?? [];
    return `${base} ${member.at(name).string()}${dimensions};`;
  });
  return lines.length > 0 ? lines.join(' ') : undefined;
}
