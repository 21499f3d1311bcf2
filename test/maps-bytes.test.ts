import t from 'tap';
import {
  ArrayMap,
  createMap,
  HashMap,
  LpmTrie,
  MapBytes,
  openMapBytes,
  PercpuArrayMap,
  ProgArray,
} from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { needs } from './live.js';
import { openFds } from './open-fds.js';
import { fixture } from './repository.js';

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

t.test('a map of bytes, and the types that it has', async t => {
  if (!needs(t, { bpf: true })) return;
  const fds = openFds();
  {
    using typed = createMap({
      type: 'hash',
      key: 'u32',
      value: 'u64',
      maxEntries: 4,
      name: 'typed',
      kind: HashMap<number, bigint>,
    });
    typed.set(1, 2n);
    using map = openMapBytes({ id: typed.id });
    t.ok(map instanceof MapBytes);
    t.same([...map.elements()], [{ key: words(1), value: words(2, 0) }]);
    t.same(map.set(words(3), words(4, 5)).get(words(3)), words(4, 5));
    t.equal(typed.get(3), 0x500000004n);
    t.same([map.encodeKey(7), map.encodeValue(-1n & 0xffn)], [words(7), words(255, 0)]);
    t.equal(map.btf?.type(map.keyTypeId).name, 'u32');
    t.throws(() => map.encodeKey(-1), { name: 'TypeError', message: /map typed: key/ });
    t.throws(() => map.get(words(1, 2)), {
      name: 'TypeError',
      message: /map typed: key: 8 bytes, must be 4/,
    });
    t.equal(map.isPercpu, false);
    t.same(map.forAllCpus(words(1, 2)), words(1, 2));
    using readOnly = openMapBytes({ id: typed.id }, { access: 'read' });
    t.throws(() => readOnly.delete(words(1)), { errnoName: 'EPERM', message: /opened to read only/ });
  }
  t.same(openFds(), fds);
  t.throws(() => openMapBytes({ id: 4294967295 }), { message: /ENOENT/ });
  t.same(openFds(), fds);
});

t.test('the key after a key', async t => {
  if (!needs(t, { bpf: true })) return;
  using hash = createMap({
    type: 'hash',
    key: 'u32',
    value: 'u32',
    maxEntries: 8,
    kind: HashMap<number, number>,
  });
  t.equal(hash.nextKey(), undefined, 'none in an empty map');
  const keys = [5, 6, 7];
  for (const key of keys) hash.set(key, 0);
  const walked: number[] = [];
  for (let key = hash.nextKey(); key !== undefined; key = hash.nextKey(key)) walked.push(key);
  t.same(walked.toSorted(), keys);
  t.equal(hash.nextKey(1000), walked[0], 'one that is not there is followed by the first');
  using array = createMap({ type: 'array', value: 4, maxEntries: 3, kind: ArrayMap });
  t.same([array.nextKey(), array.nextKey(0), array.nextKey(2)], [0, 1, undefined]);
  array.close();
  t.throws(() => array.nextKey(), { name: 'TypeError', message: /closed/ });
});

t.test('values of all CPUs, empty places, prefixes', async t => {
  if (!needs(t, { bpf: true })) return;
  using percpu = createMap({ type: 'percpu_array', value: 3, maxEntries: 1, kind: PercpuArrayMap });
  using map = openMapBytes({ id: percpu.id });
  const one = Uint8Array.of(1, 2, 3);
  map.set(words(0), map.forAllCpus(one));
  t.same(percpu.get(0), new Array(percpu.cpus).fill(one));
  t.same(map.perCpu(map.get(words(0)) as Uint8Array), percpu.get(0));

  using object = BpfObject.open(fixture('test-map-kinds')).load();
  object.map('jumps', ProgArray).set(2, object.program('see'));
  using jumps = openMapBytes({ id: object.map('jumps').id });
  t.same(
    [...jumps.elements()].map(({ value, error }) => [value !== undefined, error]),
    [0, 1, 2, 3].map(i => [i === 2, undefined]),
    'empty places are told of',
  );
  using cgroups = openMapBytes({ id: object.map('cgroups').id });
  t.match(
    [...cgroups.elements()],
    [{ key: words(0), error: { cmd: 'BPF_MAP_LOOKUP_ELEM' } }, { key: words(1) }],
  );

  object.map('routes4', LpmTrie).set('10.0.0.0/8', 1);
  using routes = openMapBytes({ id: object.map('routes4').id });
  t.same(routes.get(routes.encodeKey('10.0.0.0/8')), words(1));
});
