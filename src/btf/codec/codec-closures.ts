import { arrayCodec, type MemberCodec, structCodec } from './codec-compound.js';
import { enumCodec, intCodec } from './codec-int.js';
import { charArrayCodec } from './codec-string.js';
import { type ValueCodec, wrongValue } from './value-codec.js';
import type { MemberShape, Shape, StructShape } from './value-shape.js';

const made = { little: new WeakMap<Shape, ValueCodec>(), big: new WeakMap<Shape, ValueCodec>() };

/** A codec of closures: slower than one that is compiled, but made at once, and it says what is wrong with a value. */
export function closures(shape: Shape, little: boolean): ValueCodec {
  const known = made[little ? 'little' : 'big'];
  let codec = known.get(shape);
  if (!codec) {
    codec = make(shape, little);
    known.set(shape, codec);
  }
  return codec;
}

function make(shape: Shape, little: boolean): ValueCodec {
  switch (shape.kind) {
    case 'int':
      return intCodec(shape, little);
    case 'enum':
      return enumCodec(shape, little);
    case 'float':
      return floatCodec(shape.size, little);
    case 'chars':
      return charArrayCodec(shape.size);
    case 'array':
      return arrayCodec(closures(shape.element, little), shape.count);
    case 'struct':
      return structCodec(shape.name, shape.size, members(shape, little));
  }
}

function members(shape: StructShape, little: boolean): MemberCodec[] {
  return shape.members.map(m => member(m, little));
}

function member({ name, offset, shape, inline }: MemberShape, little: boolean): MemberCodec {
  const codec = closures(shape, little);
  return {
    name,
    offset,
    codec,
    inline: inline ? (codec as ReturnType<typeof structCodec>).members : undefined,
  };
}

function floatCodec(size: number, little: boolean): ValueCodec {
  return {
    size,
    read: size === 4 ? (v, o) => v.getFloat32(o, little) : (v, o) => v.getFloat64(o, little),
    write(view, offset, value, path) {
      if (typeof value !== 'number') throw wrongValue(path, value, 'a float');
      if (size === 4) view.setFloat32(offset, value, little);
      else view.setFloat64(offset, value, little);
    },
  };
}
