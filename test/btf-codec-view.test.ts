import t from 'tap';
import { closureReader } from '../src/btf/codec/codec-reader.js';
import { shapeOf } from '../src/btf/codec/codec-shape.js';
import { viewMaker } from '../src/btf/codec/codec-view.js';
import type { StructShape } from '../src/btf/codec/value-shape.js';
import { type BtfValue, codec, type StructView } from '../src/btf/index.js';
import { array, int, makeBtf, type NewType, struct } from './make-types.js';
import { random, randomTypes } from './random-types.js';

const btf = makeBtf([
  int('u32'),
  { ...int('char', 1, true), char: true } as NewType,
  array(2, 8),
  struct('point', 8, ['x', 1, 0], ['y', 1, 4]),
  array(4, 2),
  array(2, 0),
  struct('event', 40, ['id', 1, 0], ['name', 3, 4], ['at', 4, 12], ['line', 5, 20], ['text', 6, 40]),
  struct('toJSON', 4, ['toJSON', 1, 0]),
]);
const event = codec(btf, 7);
const value = {
  id: 5,
  name: 'sort',
  at: { x: 1, y: 2 },
  line: [
    { x: 3, y: 4 },
    { x: 5, y: 6 },
  ],
  text: 'end',
};

interface Event {
  readonly id: number;
  readonly name: string;
  readonly at: { readonly x: number; readonly y: number; toJSON(): object };
  readonly line: object[];
  readonly text: string;
  toJSON(): object;
}

t.test('a view decodes what is touched, as the memory is then', async t => {
  const bytes = event.encode(value);
  const view = event.view<Event>(bytes, 0, bytes.length);
  t.equal(view.id, 5);
  t.equal(view.name, 'sort');
  t.equal(view.at.y, 2);
  t.same(view.line, value.line);
  t.equal(view.text, 'end');
  t.same(view.toJSON(), value);
  t.same({ ...view.at.toJSON() }, { x: 1, y: 2 });
  bytes[0] = 6;
  t.equal(view.id, 6);
  t.throws(() => Object.assign(view, { id: 1 }), TypeError, 'it is not written');
});

t.test('the names of a view are those of the struct, in order', async t => {
  const names: string[] = [];
  for (const name in event.view(event.encode(value))) names.push(name);
  t.same(names, ['id', 'name', 'at', 'line', 'text']);
  const { inspect } = await import('node:util');
  t.match(inspect(event.view(event.encode(value))), /id: 5,\s+name: 'sort'/);
});

t.test('a view is written as a value', async t => {
  const bytes = event.encode({ ...value, text: undefined });
  const copy = new Uint8Array(event.size);
  // Before the writer is compiled, and after.
  for (let i = 0; i < 80; i++) {
    event.write(copy, { ...value, text: undefined, at: event.view<Event>(bytes).at });
    if (String(copy) !== String(bytes)) t.same(copy, bytes);
  }
  t.same(codec(btf, 4).encode(event.view<Event>(bytes).at), new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0]));
});

t.test('a view is pointed elsewhere', async t => {
  const bytes = new Uint8Array(80);
  event.write(bytes, { id: 1 });
  event.write(bytes, { id: 2 }, 40);
  const memory = new DataView(bytes.buffer);
  const view = event.viewAt<Event>(memory, 0);
  t.equal(view.id, 1);
  t.equal(event.viewAt(memory, 40, undefined, view), view);
  t.equal(view.id, 2);
  t.throws(() => event.viewAt(memory, 0, undefined, {}), {
    name: 'TypeError',
    message: /no view of struct event/,
  });
  t.throws(() => event.viewAt(memory, 0, undefined, view.at), TypeError);
  t.throws(() => event.view(bytes, 41), RangeError);
  const short = event.view<Event>(bytes, 40, 2);
  t.same(short.toJSON(), {
    id: 2,
    name: '',
    at: { x: 0, y: 0 },
    line: [
      { x: 0, y: 0 },
      { x: 0, y: 0 },
    ],
    text: '',
  });
  t.equal(codec(btf, 1).view<number>(bytes, 40), 2, 'what is no struct is decoded');
});

t.test('a member may have the name of a method', async t => {
  t.equal(codec(btf, 8).view(new Uint8Array([7, 0, 0, 0])).toJSON, 7);
});

/** A view as a plain object, by its names. */
function plain(view: unknown): unknown {
  if (typeof view !== 'object' || view === null || Array.isArray(view)) return view;
  if (Object.getPrototypeOf(view) === Object.prototype) return view;
  const made = {};
  for (const name in view)
    Object.defineProperty(made, name, {
      value: plain((view as StructView)[name]),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  return made;
}

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v));

for (const order of ['little', 'big'] as const)
  t.test(`views of random structs have what reading gives, ${order} endian`, async t => {
    const next = random(3);
    let count = 0;
    for (let seed = 0; seed < 12; seed++) {
      const types = randomTypes(seed, 60, order);
      for (const id of types.idsOfKind('struct')) {
        let shape: StructShape;
        try {
          shape = shapeOf(types, id, {}) as StructShape;
        } catch {
          continue;
        }
        const bytes = Uint8Array.from({ length: shape.size + 8 }, () => next(256));
        const memory = new DataView(bytes.buffer);
        const little = order === 'little';
        const wanted = shown(closureReader(shape, little)(memory, 4) as BtfValue);
        for (const generate of [true, false]) {
          const found = shown(plain(viewMaker(shape, little, generate)(memory, 4)));
          count++;
          if (found !== wanted) t.equal(found, wanted, `seed ${seed}, type ${id}`);
        }
      }
    }
    t.ok(count > 300, `${count} views`);
  });
