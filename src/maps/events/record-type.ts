import {
  type BtfTypes,
  type Codec,
  codec,
  oneOf,
  type RecordReader,
  type StructView,
} from '../../btf/index.js';
import type { RecordType } from './event-delivery.js';

/** Records without a type, as bytes: in a callback the kernel's own, copies in a `for await`. */
export const bytesType: RecordType<Uint8Array> = {
  lazy: true,
  read: (view, offset, length) => new Uint8Array(view.buffer, view.byteOffset + offset, length),
};

/** Records of one BTF type, of a codec, or of several types. A program may send the front of a struct (a string cut at its end): the rest reads as zero. */
export function codecType<T>(type: RecordReader<T>): RecordType<T> {
  return { read: (view, offset, length) => type.readAt(view, offset, length) };
}

/** Records as views that decode a member when it is touched. */
export function lazyType(type: Codec): RecordType<StructView> {
  return { lazy: true, read: (view, offset, length) => type.viewAt(view, offset, length) };
}

/** Records of several types of an object, told apart by a field that is at the same place in all (`oneOf`): names of types by the field's value. */
export interface TypesByField {
  readonly by: string;
  readonly types: Readonly<Record<string | number, string | Codec>>;
}

/** What reads records of the types named. Throws TypeError for a type that the object does not have, and as `oneOf` does. */
export function readerOf(
  map: string,
  btf: BtfTypes | undefined,
  type: string | RecordReader<unknown> | TypesByField,
): RecordReader<unknown> {
  if (typeof type === 'string') return codecByName(map, btf, type);
  if (!('by' in type)) return type;
  const types = Object.entries(type.types).map(([value, of]) => [
    value,
    typeof of === 'string' ? codecByName(map, btf, of) : of,
  ]);
  return oneOf({ by: type.by, types: Object.fromEntries(types) as Record<string, Codec> });
}

/** The codec of a type of the object, by name. Throws TypeError for one that it does not have, with those it has. */
export function codecByName(map: string, btf: BtfTypes | undefined, name: string): Codec {
  const bare = name.replace(/^(struct|union|enum) /, '');
  const id = btf?.findByName(bare, 'struct') ?? btf?.findByName(bare, 'union') ?? btf?.findByName(bare);
  if (btf && id !== undefined) return codec(btf, id);
  const known = btf ? structNames(btf) : [];
  throw new TypeError(
    `map ${map}: the object's BTF has no type ${name}${known.length ? ` (its structs are ${known.join(', ')})` : ''}`,
  );
}

function structNames(btf: BtfTypes): string[] {
  return [...btf.idsOfKind('struct')].flatMap(id => btf.type(id).name || []);
}
