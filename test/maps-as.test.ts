import t from 'tap';
import { ArrayMap, type ElementType, HashMap, LruHashMap, PercpuHashMap } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

const flow = { address: 1, port: 2, protocol: 3 };
const stats = { packets: 1n, bytes: 2n, drops: 3, last: 4 };
const flowBytes = Uint8Array.of(1, 0, 0, 0, 2, 0, 3);
const statsBytes = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);

t.test('a map as bytes, as types of the object, by a codec', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-hash-maps')).load();
  const map = object.map('flows', HashMap);
  map.set(flow, stats);
  const bytes = map.as<Uint8Array, Uint8Array>({ key: 'bytes', value: 'bytes' });
  t.ok(bytes instanceof HashMap);
  t.equal(bytes.fd, map.fd);
  t.same([...bytes], [[flowBytes, statsBytes]]);
  t.same(map.get(flowBytes), stats, 'bytes are taken everywhere');
  bytes.set(flowBytes, statsBytes.with(0, 9));
  t.same(map.get(flow), { ...stats, packets: 9n });
  t.throws(() => bytes.get(flow as never), { name: 'TypeError', message: /^map flows: key: .*Uint8Array/ });
  t.throws(() => bytes.get(statsBytes), {
    name: 'TypeError',
    message: /^map flows: key: 24 bytes, must be 7/,
  });

  const onlyValue = map.as<typeof flow, Uint8Array>({ value: 'bytes' });
  t.same(onlyValue.get(flow), statsBytes.with(0, 9), 'the key stays as it is');
  t.same(onlyValue.as({ value: 'struct stats' }).get(flow), { ...stats, packets: 9n }, 'and back');
  const lru = object.map('lru_flows', LruHashMap).as({ value: 'bytes' });
  t.ok(lru instanceof LruHashMap, 'of the same class');
  const slots = object.map('untyped_slots', ArrayMap).as<number, bigint>({ value: '__u64' });
  t.equal(slots.set(1, 2n ** 63n).get(1), 2n ** 63n);

  const port: ElementType = {
    size: 7,
    read: (from, offset = 0) => new DataView(from.buffer, from.byteOffset).getUint16(offset + 4, true),
    write: (to, value, offset = 0) => to.set([1, 0, 0, 0, Number(value), 0, 3], offset),
  };
  t.same([...map.as<number>({ key: port }).keys()], [2]);
  t.same(map.as<number>({ key: port }).get(2), { ...stats, packets: 9n });

  const percpu = object.map('percpu_flows', PercpuHashMap);
  percpu.set(flow, new Array(percpu.cpus).fill(stats));
  t.same(percpu.as({ value: 'bytes' }).get(flow), new Array(percpu.cpus).fill(statsBytes), 'each CPU’s');
});

t.test('types that do not fit are refused by name', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-hash-maps')).load();
  const map = object.map('flows', HashMap);
  t.throws(() => map.as({ value: 'struct flow' }), {
    name: 'TypeError',
    message: /^map flows: value: struct flow is of 7 bytes, but the map has 24/,
  });
  t.throws(() => map.as({ key: 'struct none' }), { name: 'TypeError', message: /no type struct none/ });
  t.throws(() => map.as({ key: 'enum flow' }), { name: 'TypeError', message: /no type enum flow/ });
  const small: ElementType = { size: 1, read: () => 0, write() {} };
  t.throws(() => map.as({ key: small }), { name: 'TypeError', message: /of 1 bytes, the map has 7/ });
  for (const [wrong, message] of [
    [{ ...flow, port: 65536 }, /^map flows: key\.port: /],
    [{ ...flow, ports: 1 }, /^map flows: key\.ports: .*no such member/],
    [5, /^map flows: key: number 5 is not a value for struct flow/],
    [null, /^map flows: key: null/],
    [undefined, /^map flows: key: undefined/],
    [new Uint8Array(6), /^map flows: key: 6 bytes, must be 7/],
  ] as const)
    t.throws(() => map.get(wrong), { name: 'TypeError', message });
  t.throws(() => map.set(flow, { bytes: 2n ** 40n }), {
    name: 'TypeError',
    message: /^map flows: value\.bytes: /,
  });
});

t.test('closing either closes both, and then there are errors and no calls', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-hash-maps')).load();
  const map = object.map('flows', HashMap);
  const bytes = map.as({ key: 'bytes', value: 'bytes' });
  map.set(flow, stats);
  const walk = map.entries();
  const percpu = object.map('percpu_flows', PercpuHashMap);
  percpu.close();
  bytes.close();
  bytes.close();
  map.close();
  t.ok(map.closed);
  for (const use of [
    () => map.get(flow),
    () => map.has(flow),
    () => map.set(flow, stats),
    () => map.setMany([[flow, stats]]),
    () => map.delete(flow),
    () => map.deleteMany([flow]),
    () => map.lookupAndDelete(flow),
    () => map.takeAll(),
    () => map.clear(),
    () => map.size,
    () => [...map],
    () => map.as({ key: 'bytes' }),
    () => percpu.getCpu(flow, 0),
    () => percpu.setCpu(flow, 0, stats),
    () => percpu.fill(flow, stats),
  ])
    t.throws(use, { name: 'TypeError', message: /closed/ }, use.toString());
  t.same([...walk].length, 1, 'what a walk had read is still there');
});
