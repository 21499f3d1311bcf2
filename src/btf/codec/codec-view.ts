import { closures } from './codec-closures.js';
import { closureReader, compiledReader, type Read, zeroFilled } from './codec-reader.js';
import { CodecSource, literal, mayGenerate } from './codec-source.js';
import { flatMembers, ReadSource, valuesOf } from './codec-source-read.js';
import { elementsReader, elementsSource, flexibleArray } from './flexible-array.js';
import type { Shape, StructShape } from './value-shape.js';

/** Makes a view of a struct at an offset, or points one that there is to it. */
export type MakeView = (view: DataView, offset: number, length?: number, again?: object) => object;

/** A class of views: `point` is its own because it alone sees where its views point to. */
interface ViewClass {
  new (view: DataView, offset: number, length: number | undefined): object;
  point(which: object, view: DataView, offset: number, length: number | undefined): boolean;
  read(which: object, read: (view: DataView, offset: number, length?: number) => unknown): unknown;
  readonly prototype: object;
}

/** More members than any struct has: their names alone would take all memory. */
const MAX_VALUES = 1 << 16;

/** By whether the BTF is little endian, and code is generated. */
const makers = Array.from({ length: 4 }, () => new WeakMap<Shape, MakeView>());

/** What makes views of a struct; its class is made with the first. */
export function viewMaker(shape: StructShape, little: boolean, generate = mayGenerate()): MakeView {
  const known = makers[(little ? 1 : 0) + (generate ? 2 : 0)] as WeakMap<Shape, MakeView>;
  let make = known.get(shape);
  if (!make) {
    make = newMaker(shape, little, generate);
    known.set(shape, make);
  }
  return make;
}

function newMaker(shape: StructShape, little: boolean, generate: boolean): MakeView {
  let View: ViewClass | undefined;
  const { name, size } = shape;
  return (view, offset, length, again) => {
    View ??= viewClass(shape, little, generate);
    if (length !== undefined && length < size) {
      view = zeroFilled(view, offset, length, size);
      offset = 0;
    }
    if (again === undefined) return new View(view, offset, length);
    if (!View.point(again, view, offset, length)) throw new TypeError(`what is given is no view of ${name}`);
    return again;
  };
}

function viewClass(shape: StructShape, little: boolean, generate: boolean): ViewClass {
  if (valuesOf(shape) > MAX_VALUES)
    throw new RangeError(`${shape.name} has ${valuesOf(shape)} values, more than a view can have`);
  const View = generate ? generatedClass(shape, little) : closureClass(shape, little);
  finish(View, shape, little, generate);
  return View;
}

/** Makes the getters enumerable, and adds the ways back to a plain object where no member has the name. */
function finish(
  { prototype, read }: ViewClass,
  shape: StructShape,
  little: boolean,
  generate: boolean,
): void {
  for (const { name } of namedMembers(shape)) {
    const { get } = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
    // In the members' order, also where a class has a property of this name before its own.
    Reflect.deleteProperty(prototype, name);
    Object.defineProperty(prototype, name, { get: get as () => unknown, enumerable: true });
  }
  let reader: Read | undefined;
  const toJSON = function (this: object): unknown {
    reader ??= (generate ? compiledReader(shape, little) : undefined) ?? closureReader(shape, little);
    return read(this, reader);
  };
  for (const name of ['toJSON', Symbol.for('nodejs.util.inspect.custom')])
    if (!Object.hasOwn(prototype, name)) Object.defineProperty(prototype, name, { value: toJSON });
}

function generatedClass(shape: StructShape, little: boolean): ViewClass {
  const source = new CodecSource();
  const reads = new ReadSource(source, little);
  const flexible = flexibleArray(shape);
  const getters = namedMembers(shape).map(({ name, offset, shape: member }) => {
    const value =
      member === flexible?.shape && name === flexible.name
        ? elementsSource(source, reads, flexible)
        : member.kind === 'struct'
          ? `${source.constant(viewMaker(member, little, true))}(v, o + ${offset})`
          : reads.value(member, offset, false);
    return `get [${literal(name)}]() { const v = this.#v, o = this.#o, l = this.#l; return ${value}; }`;
  });
  return source.evaluate(`class {
#v; #o; #l;
constructor(v, o, l) { this.#v = v; this.#o = o; this.#l = l; }
static point(x, v, o, l) { if (!(#v in x)) return false; x.#v = v; x.#o = o; x.#l = l; return true; }
static read(x, read) { return read(x.#v, x.#o, x.#l); }
${getters.join('\n')}
}`) as ViewClass;
}

function closureClass(shape: StructShape, little: boolean): ViewClass {
  class View {
    #view: DataView;
    #offset: number;
    #length: number | undefined;
    constructor(view: DataView, offset: number, length: number | undefined) {
      this.#view = view;
      this.#offset = offset;
      this.#length = length;
    }
    static point(which: object, view: DataView, offset: number, length: number | undefined): boolean {
      if (!(#view in which)) return false;
      which.#view = view;
      which.#offset = offset;
      which.#length = length;
      return true;
    }
    static read(which: View, read: (view: DataView, offset: number, length?: number) => unknown): unknown {
      return read(which.#view, which.#offset, which.#length);
    }
  }
  const flexible = flexibleArray(shape);
  for (const { name, offset, shape: member } of namedMembers(shape)) {
    const read =
      member === flexible?.shape && name === flexible.name
        ? elementsReader(flexible, little)
        : memberReader(member, offset, little);
    const get = function (this: View): unknown {
      return View.read(this, read);
    };
    Object.defineProperty(View.prototype, name, { get, configurable: true });
  }
  return View as ViewClass;
}

function memberReader(shape: Shape, start: number, little: boolean): (...at: Parameters<Read>) => unknown {
  if (shape.kind === 'struct') {
    const make = viewMaker(shape, little, false);
    return (view, offset) => make(view, offset + start);
  }
  const codec = closures(shape, little);
  return (view, offset) => codec.read(view, offset + start);
}

/** Members by their names: of several with one name the last, which is the one that reading the struct leaves. */
function namedMembers(shape: StructShape): ReturnType<typeof flatMembers> {
  return [...new Map(flatMembers(shape).map(m => [m.name, m])).values()];
}
