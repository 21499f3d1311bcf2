import type { BtfValue } from './types.js';
import { type ValueCodec, wrongValue } from './value-codec.js';

/** A member with its codec; `offset` in bytes from the start of the struct. */
export interface MemberCodec {
  readonly name: string;
  readonly offset: number;
  readonly codec: ValueCodec;
  /** An anonymous struct or union: its members are read into and written from the outer object. */
  readonly inline: boolean;
}

/** Codec of a struct, union or DATASEC as a plain object. A union reads all its members and writes those given. */
export function structCodec(name: string, size: number, members: readonly MemberCodec[]): ValueCodec {
  let known: Set<string> | undefined;
  return {
    size,
    read(view, offset) {
      const value: { [name: string]: BtfValue } = {};
      for (const m of members) {
        const read = m.codec.read(view, offset + m.offset);
        if (m.inline) Object.assign(value, read);
        else value[m.name] = read;
      }
      return value;
    },
    write(view, offset, value, path) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw wrongValue(path, value, name);
      known ??= new Set(memberNames(members));
      for (const key of Object.keys(value))
        if (!known.has(key))
          throw new TypeError(
            `${path ? `${path}.` : ''}${key}: ${name} has no such member (it has ${[...known].join(', ')})`,
          );
      writeMembers(view, offset, value as Record<string, unknown>, path, members);
    },
  };
}

function writeMembers(
  view: DataView,
  offset: number,
  value: Record<string, unknown>,
  path: string,
  members: readonly MemberCodec[],
): void {
  for (const m of members) {
    if (m.inline) {
      const own = (m.codec as ValueCodec & { members?: readonly MemberCodec[] }).members ?? [];
      writeMembers(view, offset + m.offset, value, path, own);
    } else if (value[m.name] !== undefined)
      m.codec.write(view, offset + m.offset, value[m.name], path ? `${path}.${m.name}` : m.name);
  }
}

/** {@link structCodec} of an anonymous member, which shows its members to the struct around it. */
export function inlineCodec(size: number, members: readonly MemberCodec[]): ValueCodec {
  return { ...structCodec('anonymous', size, members), members } as ValueCodec;
}

function memberNames(members: readonly MemberCodec[]): string[] {
  return members.flatMap(m =>
    m.inline
      ? memberNames((m.codec as ValueCodec & { members?: readonly MemberCodec[] }).members ?? [])
      : [m.name],
  );
}

/** Codec of an array of `count` elements; a shorter array leaves the rest zero. */
export function arrayCodec(element: ValueCodec, count: number): ValueCodec {
  return {
    size: element.size * count,
    read(view, offset) {
      const values: BtfValue[] = new Array(count);
      for (let i = 0; i < count; i++) values[i] = element.read(view, offset + i * element.size);
      return values;
    },
    write(view, offset, value, path) {
      const list = value instanceof Uint8Array ? [...value] : value;
      if (!Array.isArray(list) || list.length > count) throw wrongValue(path, value, `an array of ${count}`);
      list.forEach((v, i) => {
        element.write(view, offset + i * element.size, v, `${path}[${i}]`);
      });
    },
  };
}
