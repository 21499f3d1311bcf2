import t, { type Test } from 'tap';
import { BpfFlags } from '../src/abi/index.js';
import { ArrayMap, createMap, openMap } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { liveSys } from '../src/syscall/index.js';
import { compile } from './compile.js';
import { needs, run } from './live.js';
import { testRun } from './test-run.js';

const source = `
struct { __uint(type, 2); __uint(map_flags, ${BpfFlags.BPF_F_MMAPABLE}); __uint(max_entries, 1000); __type(key, u32); __type(value, u64); } counts SEC(".maps");
struct { __uint(type, 2); __uint(map_flags, ${BpfFlags.BPF_F_MMAPABLE}); __uint(max_entries, 5); __type(key, u32); __type(value, u32); } small SEC(".maps");
struct odd { u32 id; char name[9]; short tail; };
struct { __uint(type, 2); __uint(map_flags, ${BpfFlags.BPF_F_MMAPABLE}); __uint(max_entries, 3); __type(key, u32); __type(value, struct odd); } odds SEC(".maps");
struct { __uint(type, 2); __uint(map_flags, ${BpfFlags.BPF_F_MMAPABLE}); __uint(max_entries, 2); __type(key, u32); __type(value, int[2][4]); } grids SEC(".maps");
struct { __uint(type, 2); __uint(max_entries, 3); __type(key, u32); __type(value, u64); } plain SEC(".maps");
static void *(*lookup)(void *map, const void *key) = (void *)1;
SEC("raw_tp") int bump(void *ctx) {
  u32 key = 999; u64 *count = lookup(&counts, &key);
  if (!count) return 1;
  (*count)++;
  key = 4; u32 *word = lookup(&small, &key);
  if (!word) return 2;
  *word += *count;
  key = 2; struct odd *odd = lookup(&odds, &key);
  if (!odd) return 3;
  odd->id++; odd->name[0] = 'k'; odd->tail = -5;
  key = 1; int *grid = lookup(&grids, &key);
  if (!grid) return 4;
  grid[7]--;
  return 0;
}
`;

function dumped(map: ArrayMap): unknown[] {
  const entries = JSON.parse(run('bpftool', '-j', 'map', 'dump', 'id', String(map.id))) as {
    formatted: { value: unknown };
  }[];
  return entries.map(entry => entry.formatted.value);
}

t.test('values in memory are those of bpftool, get() and the programs', async t => {
  if (!needs(t, { bpf: true, tools: ['clang', 'bpftool'] })) return;
  using object = BpfObject.open(compile(t, source)).load();
  const array = (name: string) => object.map(name, ArrayMap);
  const counts = array('counts').mapped();
  t.equal(array('counts').mapped(), counts, 'mapped once');
  t.match(counts, { length: 1000, stride: 8, readonly: false });
  t.match(array('small').mapped(), { length: 5, stride: 8 });
  t.match(array('odds').mapped(), { length: 3, stride: 16 });
  t.match(array('grids').mapped(), { length: 2, stride: 32 });

  counts.set(999, 41n);
  array('small').mapped().set(4, 8);
  array('odds').mapped().set(2, { id: 1, name: 'odd', tail: 1 });
  t.equal(testRun(object.program('bump')), 0);
  t.equal(counts.get(999), 42n);
  t.equal(array('small').mapped().get(4), 50);
  t.same(array('odds').mapped().get(2), { id: 2, name: 'kdd', tail: -5 });
  t.same(array('grids').mapped().get(1), [
    [0, 0, 0, 0],
    [0, 0, 0, -1],
  ]);
  for (const name of ['counts', 'small', 'odds', 'grids']) {
    const map = array(name);
    const mapped = map.mapped();
    const values = Array.from({ length: mapped.length }, (_, i) => mapped.get(i));
    t.same(values, [...map.values()], `${name}: as by system calls`);
    t.same(
      JSON.parse(JSON.stringify(values, (_, v) => (typeof v === 'bigint' ? Number(v) : v))),
      dumped(map),
      name,
    );
  }
});

t.test('typed arrays over them', async t => {
  if (!needs(t, { bpf: true, tools: ['clang'] })) return;
  using object = BpfObject.open(compile(t, source)).load();
  const mapped = (name: string) => object.map(name, ArrayMap).mapped();
  const counts = mapped('counts').array();
  t.ok(counts instanceof BigUint64Array);
  t.equal(counts.length, 1000);
  counts[999] = 9n;
  t.equal(testRun(object.program('bump')), 0);
  t.equal(counts[999], 10n);
  const grids = mapped('grids').array();
  t.ok(grids instanceof Int32Array);
  t.same([grids.length, grids[15]], [16, -1]);
  t.equal(mapped('grids').array(1)[7], -1, 'one of them');
  t.equal(mapped('small').array(4)[0], 10);
  t.throws(() => mapped('small').array(), {
    name: 'TypeError',
    message: /small: its values are 8 bytes apart and have 4/,
  });
  t.throws(() => mapped('odds').array(1), { name: 'TypeError', message: /only scalars/ });
  const data = mapped('counts').data;
  object.close();
  t.equal(counts[999], 0n, 'zeros once closed');
  t.equal(data.getUint8(0), 0);
  counts[3] = 1n;
});

t.test('a struct in place', async t => {
  if (!needs(t, { bpf: true, tools: ['clang'] })) return;
  using object = BpfObject.open(compile(t, source)).load();
  const map = object.map('odds', ArrayMap);
  const odd = map.mapped().view(2);
  odd['name'] = 'odd one';
  odd['id'] = 6;
  t.equal(testRun(object.program('bump')), 0);
  t.match(odd, { id: 7, name: 'kdd one', tail: -5 });
  odd['tail'] = 3;
  t.same(map.get(2), { id: 7, name: 'kdd one', tail: 3 });
  t.throws(() => map.mapped().view(3), RangeError);
  t.throws(() => object.map('counts', ArrayMap).mapped().view(0), { message: /only structs and unions/ });
  object.close();
  t.throws(() => odd['id'], { name: 'TypeError', message: /closed/ });
});

t.test('what is refused', async t => {
  if (!needs(t, { bpf: true, tools: ['clang'] })) return;
  using object = BpfObject.open(compile(t, source)).load();
  const map = object.map('counts', ArrayMap);
  const mapped = map.mapped();
  for (const index of [-1, 1000, 0.5, Number.NaN]) {
    t.throws(() => mapped.get(index), { name: 'RangeError', message: /counts has no index .*0 to 999/ });
    t.throws(() => mapped.set(index, 1n), RangeError);
    t.throws(() => mapped.array(index), RangeError);
  }
  mapped.set(0, 1n);
  t.throws(() => mapped.set(0, 'x'), TypeError);
  t.equal(mapped.get(0), 1n, 'a refused value leaves no trace');
  t.throws(() => object.map('plain', ArrayMap).mapped(), {
    name: 'TypeError',
    message: /plain.*BPF_F_MMAPABLE/,
  });
  map.close();
  t.throws(() => mapped.get(0), { name: 'TypeError', message: /counts is closed/ });
  t.throws(() => mapped.data, TypeError);
  t.throws(() => map.mapped(), TypeError);
});

t.test('memory that the kernel lets nobody write', async t => {
  if (!needs(t, { bpf: true })) return;
  using map = createMap({ type: 'array', value: 'u64', maxEntries: 2, flags: ['mmapable'], kind: ArrayMap });
  map.set(1, 5n);
  using reader = openMap({ id: map.id }, { kind: ArrayMap, access: 'read' });
  t.throws(() => reader.mapped(), {
    code: 'ERR_RAWBPF_SYSCALL',
    message: /opened for reading only cannot be mapped/,
  });
  map.freeze();
  readsOnly(t, map);

  using refused = createMap({
    type: 'array',
    value: 'u64',
    maxEntries: 2,
    flags: ['mmapable'],
    kind: ArrayMap,
    sys: { ...liveSys(), mmap: () => -12 },
  });
  t.throws(() => refused.mapped(), { code: 'ERR_RAWBPF_SYSCALL', syscall: 'mmap', errnoName: 'ENOMEM' });
});

function readsOnly(t: Test, map: ArrayMap): void {
  const mapped = map.mapped();
  t.equal(mapped.readonly, true);
  t.equal(mapped.get(1), 5n);
  t.throws(() => mapped.set(1, 6n), { name: 'TypeError', message: /read-only/ });
  t.throws(() => mapped.array(), { name: 'TypeError', message: /read-only/ });
  t.throws(() => mapped.data, { name: 'TypeError', message: /read-only/ });
}
