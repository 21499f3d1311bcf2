import t from 'tap';
import { ArrayMap, HashMap, type KeyValueMap, ProgArray } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { BpfError } from '../src/syscall/index.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';

interface Dumped {
  readonly formatted?: { readonly key: unknown; readonly value: unknown };
  readonly key: unknown;
  readonly value: unknown;
}

/** The entries as bpftool decodes them. */
function dumped(map: KeyValueMap): Dumped[] {
  return JSON.parse(run('bpftool', '-j', 'map', 'dump', 'id', String(map.id))) as Dumped[];
}

t.test('values that a program wrote read as bpftool reads them', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-types')).load();
  t.equal(testRun(object.program('copy_everything')), 0, 'the program agrees with itself');
  const map = object.map('by_struct', HashMap);
  const entries = [...map];
  const [theirs] = dumped(map);
  t.equal(entries.length, 1);
  const [[key, value]] = entries as [[Record<string, unknown>, Record<string, unknown>]];
  t.same(plain(key), plain(theirs?.formatted?.key));
  const shown = theirs?.formatted?.value as Record<string, unknown>;
  for (const name of [
    's8',
    'u8',
    's16',
    'u16',
    's32',
    'u32',
    's64',
    'u64',
    'yes',
    'name',
    'matrix',
    'points',
    'packed',
    'deep',
  ])
    t.same(plain(value[name]), plain(shown[name]), name);
  // bpftool shows a bit-field that is negative as the bits that it has.
  const signed = (bits: number, shown: unknown): number =>
    Number(BigInt.asIntN(bits, BigInt(shown as string)));
  const theirBits = shown['bits'] as Record<string, unknown>;
  const asOurs = { ...theirBits, c: signed(9, theirBits['c']), f: signed(24, theirBits['f']) };
  t.same(plain(value['bits']), asOurs, 'bit-fields');
  t.same(map.get(key), value);
  t.same([...map.keys()], [key]);
  t.same([...map.values()], [value]);
});

/** As JSON has it: 64-bit integers as numbers, strings as they are. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? Number(v) : v)));
}

t.test('bit-fields that user space writes are those that a program reads', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-types')).load();
  const map = object.map('bit_array', ArrayMap);
  const bits = { a: 1, b: 100, c: -200, d: 30000, e: 0xabcdef0123n, f: -5000000, plain: 77, g: 5, h: true };
  map.set(1, bits);
  t.same(map.get(1), bits);
  t.equal(testRun(object.program('check_bits')), 0, 'line of the first difference');
  map.set(1, { ...bits, c: -199 });
  t.not(testRun(object.program('check_bits')), 0, 'a difference is noticed');
  t.throws(() => map.set(4, bits), /bit_array.*E2BIG.*max_entries \(4\)/);
  t.throws(() => map.set(1, { a: 2 }), { name: 'TypeError', message: /^map bit_array: value\.a: number 2/ });
  t.throws(() => map.set(-1, bits), { name: 'TypeError' });
  t.throws(() => map.delete(1), BpfError);
  t.equal([...map].length, 4, 'an array has all its indexes');
});

t.test('a hash: set, has, get, delete, modes, walks', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('hello-map')).load();
  const map = object.map('counter_table', HashMap);
  t.equal(map.get(1n), undefined);
  t.equal(map.has(1), false);
  for (let i = 0n; i < 100n; i++) map.set(i, i * i);
  t.equal(map.get(7), 49n);
  t.equal(map.has(7n), true);
  t.throws(() => map.set(7, 1, 'noExist'), /EEXIST/);
  t.throws(() => map.set(1000, 1, 'exist'), /ENOENT/);
  t.equal(map.set(7, 1, 'exist').get(7), 1n);
  const theirs = dumped(map).map(entry => entry.formatted ?? entry);
  t.same(
    new Map([...map].map(([key, value]) => [Number(key), Number(value)])),
    new Map(theirs.map(({ key, value }) => [Number(key), Number(value)])),
    'as bpftool dumps it',
  );
  t.equal(map.delete(7), true);
  t.equal(map.delete(7), false);
  const seen: unknown[] = [];
  for (const key of map.keys()) {
    seen.push(key);
    map.delete(key);
  }
  t.equal(new Set(seen).size, 99, 'deleting while walking: each key once');
  t.equal([...map].length, 0);
  t.throws(() => map.get('one'), { name: 'TypeError' });
});

t.test('bytes where there is no BTF; sizes are the kernel’s', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-types')).load();
  const map = object.map('untyped', HashMap);
  t.same([map.keySize, map.valueSize, map.maxEntries], [8, 24, 64]);
  const [key, value] = [new Uint8Array(8).fill(1), new Uint8Array(24).fill(2)];
  map.set(key, value);
  t.same(map.get(key), value);
  t.throws(() => map.get(new Uint8Array(4)), { name: 'TypeError', message: /4 bytes, must be 8/ });
  t.throws(() => map.set(key, 5), { name: 'TypeError', message: /Uint8Array of 24 bytes/ });
});

t.test('a program array takes programs, and says what is in it', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('hello-tail')).load();
  const map = object.map('syscall', ProgArray);
  const program = object.program('hello_exec');
  t.equal(map.get(59), undefined);
  map.set(59, program);
  t.equal(map.get(59), program.info().id);
  t.equal(map.delete(59), true);
  t.equal(map.delete(59), false);
  t.throws(() => map.set(100000, program), /E2BIG/);
  t.throws(() => map.set(-1, program), { name: 'TypeError' });
  using other = BpfObject.open(fixture('minimal')).load();
  t.throws(() => map.set(1, other.program('handle_tp')), /EINVAL/, 'a program of another type');
});

t.test('after close, an error and no call', async t => {
  if (!needs(t, { bpf: true })) return;
  const object = BpfObject.open(fixture('hello-map')).load();
  const map = object.map('counter_table', HashMap);
  object.close();
  object.close();
  t.ok(map.closed);
  for (const use of [() => map.get(1), () => map.set(1, 1), () => map.delete(1), () => [...map]])
    t.throws(use, { name: 'TypeError', message: /closed/ });
});
