import type { BtfTypes } from '../btf/index.js';
import { bytesType, placeOf } from './element-codec.js';
import type { ElementType, MapDef } from './map-def.js';

/** What a key or value is to be read as: `bytes`, a type of the map's BTF by name (`struct event`, `event`, `__u32`), or a codec. */
export type ElementAs = string | ElementType;

/** The definition with its key or value read otherwise; `size` bytes is what the kernel says. Throws TypeError for a type that is not there, or of another size. */
export function defAs(def: MapDef, what: 'key' | 'value', as: ElementAs, size: number): MapDef {
  const place = placeOf(def, what);
  const { [`${what}Codec` as const]: _, ...rest } = def;
  if (as === 'bytes') return { ...rest, [`${what}Codec`]: bytesType(size, place) };
  if (typeof as !== 'string') return { ...rest, [`${what}Codec`]: as };
  const typeId = def.btf && typeNamed(def.btf, as);
  if (!def.btf || typeId === undefined)
    throw new TypeError(`${place}: the map's BTF has no type ${as}${def.btf ? '' : ': it has no BTF'}`);
  const typeSize = def.btf.sizeOf(typeId);
  if (typeSize !== size)
    throw new TypeError(`${place}: ${as} is of ${typeSize} bytes, but the map has ${size}`);
  return { ...rest, [`${what}TypeId`]: typeId };
}

/** The id of a type by name: `struct event`, `event`, `__u32`. */
export function typeNamed(btf: BtfTypes, name: string): number | undefined {
  const [, kind, bare] = /^(?:(struct|union|enum) )?(.*)$/.exec(name) ?? [];
  if (kind) return btf.findByName(bare ?? '', kind as 'struct' | 'union' | 'enum');
  const kinds = ['struct', 'union', 'typedef', 'enum', 'enum64', 'int', 'float'] as const;
  for (const one of kinds) {
    const id = btf.findByName(name, one);
    if (id !== undefined) return id;
  }
  return undefined;
}
