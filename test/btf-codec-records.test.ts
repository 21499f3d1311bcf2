import t from 'tap';
import { type Btf, type BtfValue, codec, oneOf } from '../src/btf/index.js';
import { array, enumeration, int, makeBtf, type NewType, struct } from './make-types.js';

const char: NewType = { ...int('char', 1, true), char: true } as NewType;

/** 1 u32, 2 char, 3 char[], 4 struct point, 5 struct point[], 6 u8, 7 u32[]. */
const basics: readonly NewType[] = [
  int('u32'),
  char,
  array(2, 0),
  struct('point', 8, ['x', 1, 0], ['y', 1, 4]),
  array(4, 0),
  int('u8', 1),
  array(1, 0),
];

function types(...more: readonly NewType[]): Btf {
  return makeBtf([...basics, ...more]);
}

/** What reading gives before and after the codec is compiled. */
function reads(read: () => BtfValue, times = 80): BtfValue {
  const first = JSON.stringify(read());
  for (let i = 0; i < times; i++)
    if (JSON.stringify(read()) !== first) throw new Error(`${i}: ${JSON.stringify(read())}, not ${first}`);
  return read();
}

t.test('text after a struct is as long as the record, or up to its NUL', async t => {
  const message = codec(types(struct('message', 4, ['len', 1, 0], ['data', 3, 4])), 8);
  const bytes = new Uint8Array([5, 0, 0, 0, 104, 101, 108, 108, 111, 0, 120, 121]);
  t.equal(message.size, 4);
  for (const [length, data] of [
    [12, 'hello'],
    [10, 'hello'],
    [9, 'hello'],
    [7, 'hel'],
    [4, ''],
    [undefined, ''],
  ] as const)
    t.same(
      reads(() => message.read(bytes, 0, length)),
      { len: 5, data },
      `${length} bytes`,
    );
  t.throws(() => message.read(bytes, 0, 13), RangeError);
  t.throws(() => message.read(bytes, 10), RangeError);
});

t.test('elements after a struct are those that the record holds whole', async t => {
  const list = codec(types(struct('list', 4, ['count', 1, 0], ['items', 5, 4])), 8);
  const bytes = list.encode({ count: 2, items: [{ x: 1, y: 2 }, { x: 3 }] });
  t.equal(bytes.length, 20);
  t.same(
    reads(() => list.read(bytes, 0, 20)),
    {
      count: 2,
      items: [
        { x: 1, y: 2 },
        { x: 3, y: 0 },
      ],
    },
  );
  t.same(
    reads(() => list.read(bytes, 0, 19)),
    { count: 2, items: [{ x: 1, y: 2 }] },
  );
  t.same(
    reads(() => list.read(bytes)),
    { count: 2, items: [] },
  );
  t.throws(() => list.encode({ items: [{ x: 1 }, { x: -1 }] }), {
    name: 'TypeError',
    message: /^items\[1\]\.x: /,
  });
  t.throws(() => list.encode({ itmes: [] }), /itmes: struct list has no such member/);
  t.throws(() => list.write(new Uint8Array(64), { items: [{ x: 1 }] }), /an array of 0/);
});

t.test('a flexible array in padding, or in an anonymous struct', async t => {
  const padded = codec(types(struct('padded', 8, ['a', 1, 0], ['b', 6, 4], ['data', 3, 5])), 8);
  const bytes = padded.encode({ a: 1, b: 2, data: 'abcdef' });
  t.equal(Buffer.from(bytes).toString('latin1'), '\x01\0\0\0\x02abcdef\0');
  t.same(
    reads(() => padded.read(bytes, 0, 12)),
    { a: 1, b: 2, data: 'abcdef' },
  );
  t.same(
    reads(() => padded.read(bytes, 0, 7)),
    { a: 1, b: 2, data: 'ab' },
    'a record shorter than the struct',
  );
  t.equal(padded.encode({ data: 'a' }).length, 8, 'no shorter than the struct');
  const inner = codec(
    types(struct('', 4, ['n', 1, 0], ['items', 7, 4]), struct('outer', 8, ['a', 1, 0], ['', 8, 4])),
    9,
  );
  const value = { a: 1, n: 2, items: [7, 8] };
  t.same(
    reads(() => inner.read(inner.encode(value), 0, 16)),
    value,
  );
});

t.test('a record that is shorter than its type reads as if zeroes followed', async t => {
  const type = codec(types(struct('event', 16, ['a', 1, 0], ['p', 4, 4], ['b', 1, 12])), 8);
  const bytes = new Uint8Array(16).fill(1);
  const one = 0x01010101;
  t.same(
    reads(() => type.read(bytes, 0, 16)),
    { a: one, p: { x: one, y: one }, b: one },
  );
  t.same(
    reads(() => type.read(bytes, 0, 9)),
    { a: one, p: { x: one, y: 1 }, b: 0 },
  );
  t.same(
    reads(() => type.read(bytes, 0, 0)),
    { a: 0, p: { x: 0, y: 0 }, b: 0 },
  );
  t.same(
    reads(() => type.read(bytes, 16, 0)),
    { a: 0, p: { x: 0, y: 0 }, b: 0 },
  );
  t.throws(() => type.read(bytes, 8, 9), RangeError);
  t.throws(() => type.read(bytes, 0, -1), RangeError);
});

t.test('records told apart by a field', async t => {
  const btf = types(
    enumeration('kind', { START: 1, STOP: 2, OTHER: 7 }),
    struct('header', 8, ['type', 8, 0], ['cpu', 1, 4]),
    struct('start', 12, ['h', 9, 0], ['pid', 1, 8]),
    struct('stop', 8, ['h', 9, 0], ['text', 3, 8]),
    struct('elsewhere', 12, ['a', 1, 0], ['h', 9, 4]),
  );
  const [start, stop, elsewhere] = [codec(btf, 10), codec(btf, 11), codec(btf, 12)];
  const records = oneOf({ by: 'h.type', types: { START: start, 2: stop } });
  const begun = start.encode({ h: { type: 'START', cpu: 3 }, pid: 9 });
  const ended = stop.encode({ h: { type: 2 }, text: 'bye' });
  t.equal(records.size, 4);
  t.same(
    reads(() => records.read(begun) as BtfValue),
    { h: { type: 1, cpu: 3 }, pid: 9 },
  );
  t.same(
    reads(() => records.read(ended, 0, ended.length) as BtfValue),
    { h: { type: 2, cpu: 0 }, text: 'bye' },
  );
  t.same(records.read(begun, 0, 4), { h: { type: 1, cpu: 0 }, pid: 0 }, 'a short record');
  const other = new Uint8Array([7, 0, 0, 0, 5]);
  const kept = records.read(other) as Uint8Array;
  t.same(kept, other);
  t.not(kept.buffer, other.buffer, 'a copy');
  t.same(records.readAt(new DataView(other.buffer), 0, 3), other.subarray(0, 3));
  t.same(records.read(new Uint8Array(2), 0, 2), new Uint8Array(2), 'no type in it');
  t.throws(() => records.read(new Uint8Array(2)), RangeError);
  const plain = oneOf({ by: 'h.type', types: { STOP: stop }, otherwise: codec(btf, 9) });
  t.same(plain.read(begun), { type: 1, cpu: 3 });
  for (const [by, wrong, message] of [
    ['h.kind', { 1: start }, /^1: struct start has no member h\.kind/],
    ['h', { 1: start }, /^1: h is neither an integer nor an enum/],
    ['h.type', { 1: start, 2: elsewhere }, /^h\.type is u32 at byte 4 for 2, but u32 at byte 0 for 1/],
    ['h.type', { BEGIN: start }, /^BEGIN is no value of h\.type \(its names are START, STOP, OTHER\)/],
    ['h.type', { 4294967296: start }, /^4294967296 is no value of h\.type/],
    ['h.type', { START: start, 1: stop }, /there is another type for h\.type 1/],
    ['h.type', {}, /there are none/],
  ] as const)
    t.throws(() => oneOf({ by, types: wrong }), { name: 'TypeError', message });
});

t.test('a bit-field tells records apart', async t => {
  const btf = types(
    struct('small', 4, ['kind', 1, 0, 3], ['rest', 1, 3, 29]),
    struct('large', 12, ['kind', 1, 0, 3], ['rest', 1, 3, 29], ['p', 4, 32, 0]),
  );
  const [small, large] = [codec(btf, 8), codec(btf, 9)];
  const records = oneOf({ by: 'kind', types: { 1: small, 5: large } });
  t.equal(records.size, 1);
  t.same(records.read(small.encode({ kind: 1, rest: 2 })), { kind: 1, rest: 2 });
  t.same(records.read(large.encode({ kind: 5, p: { y: 2 } })), { kind: 5, rest: 0, p: { x: 0, y: 2 } });
});
