import type { BtfValue } from '../types.js';
import { type ValueCodec, wrongValue } from './value-codec.js';

/** A member with its codec; `offset` in bytes from the start of the struct. */
export interface MemberCodec {
  readonly name: string;
  readonly offset: number;
  readonly codec: ValueCodec;
  /** The members of an anonymous struct or union, which are read into and written from the outer object. */
  readonly inline: readonly MemberCodec[] | undefined;
}

type Members = readonly MemberCodec[];

/** Codec of a struct, union or DATASEC as a plain object. A union reads all its members and writes those given. */
export function structCodec(
  name: string,
  size: number,
  members: Members,
): ValueCodec & { readonly members: Members } {
  let known: Set<string> | undefined;
  return {
    size,
    members,
    read: (view, offset) => readMembers(view, offset, {}, members),
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

type Fields = { [name: string]: BtfValue };

function readMembers(view: DataView, offset: number, value: Fields, members: Members): Fields {
  for (const m of members) {
    const at = offset + m.offset;
    if (m.inline) readMembers(view, at, value, m.inline);
    else if (m.name === '__proto__') own(value, m.name, m.codec.read(view, at));
    else value[m.name] = m.codec.read(view, at);
  }
  return value;
}

/** A property even if it has the name of what every object inherits. */
export function own(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

function writeMembers(
  view: DataView,
  offset: number,
  value: Record<string, unknown>,
  path: string,
  members: Members,
): void {
  for (const m of members) {
    if (m.inline) writeMembers(view, offset + m.offset, value, path, m.inline);
    else {
      const given = memberOf(value, m.name);
      if (given !== undefined)
        m.codec.write(view, offset + m.offset, given, path ? `${path}.${m.name}` : m.name);
    }
  }
}

/** What the value has of this name; what every object has is no member of it. */
export function memberOf(value: object, name: string): unknown {
  return name in Object.prototype && !Object.hasOwn(value, name)
    ? undefined
    : (value as Record<string, unknown>)[name];
}

function memberNames(members: Members): string[] {
  return members.flatMap(m => (m.inline ? memberNames(m.inline) : [m.name]));
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
