import t from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import {
  ArrayMap,
  type BpfMap,
  HashMap,
  LruHashMap,
  LruPercpuHashMap,
  PercpuArrayMap,
  PercpuHashMap,
} from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { bpfInOut, liveSys } from '../src/syscall/index.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';

interface Flow {
  readonly address: number;
  readonly port: number;
  readonly protocol: number;
}

interface Stats {
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly drops: number;
  readonly last: number;
}

const flow: Flow = { address: 0x0a000001, port: 443, protocol: 6 };
const stats = (packets: number): Stats => ({
  packets: BigInt(packets),
  bytes: 0x123456789an,
  drops: 5,
  last: 1,
});

/** What bpftool prints of a map, by its BTF. */
function dumped(map: BpfMap): Record<string, unknown>[] {
  const all = JSON.parse(run('bpftool', '-j', 'map', 'dump', 'id', String(map.id))) as {
    formatted: Record<string, unknown>;
  }[];
  return all.map(entry => entry.formatted);
}

/** As JSON has it: 64-bit integers as numbers. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? Number(v) : v)));
}

t.test('each kind of hash: through a program and back, as bpftool reads it', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-hash-maps')).load();
  const flows = object.map('flows', HashMap<Flow, Stats>);
  const lru = object.map('lru_flows', LruHashMap<Flow, Stats>);
  const percpu = object.map('percpu_flows', PercpuHashMap<Flow, Stats>);
  const lruPercpu = object.map('lru_percpu_flows', LruPercpuHashMap<Flow, Stats>);
  const slots = object.map('slots', ArrayMap<number, Stats>);
  const perCpu = Array.from({ length: percpu.cpus }, (_, cpu) => stats(cpu + 1));
  for (const map of [flows, lru]) map.set(flow, stats(1));
  for (const map of [percpu, lruPercpu]) map.set(flow, perCpu);
  slots.set(3, stats(1));

  t.equal(testRun(object.program('count_drops')), 0, 'the program finds what was set');
  const counted = { ...stats(1), drops: 6, last: 7 };
  for (const map of [flows, lru]) {
    t.same(map.get(flow), counted, map.name);
    t.same([...map], [[flow, counted]]);
    t.same(plain([{ key: flow, value: counted }]), dumped(map), `${map.name}, as bpftool reads it`);
  }
  t.same(slots.get(3), counted);
  t.same(
    plain([...slots].map(([key, value]) => ({ key, value }))),
    dumped(slots),
    'slots, as bpftool reads it',
  );
  for (const map of [percpu, lruPercpu]) {
    const values = map.get(flow) ?? [];
    t.equal(values.length, map.cpus);
    t.equal(
      values.filter(value => value.drops === 6 && value.last === 7).length,
      1,
      'one CPU ran the program',
    );
    t.same(
      values.map(value => ({ ...value, drops: 5, last: 1 })),
      perCpu,
    );
    const shown = { key: flow, values: values.map((value, cpu) => ({ cpu, value })) };
    t.same(plain([shown]), dumped(map), `${map.name}, as bpftool reads it`);
    t.same([...map], [[flow, values]]);
    t.equal(map.delete(flow), true);
    t.equal(map.get(flow), undefined);
    t.equal(map.getCpu(flow, 0), undefined);
    const zero = { packets: 0n, bytes: 0n, drops: 0, last: 0 };
    const last = map.cpus - 1;
    t.same(map.setCpu(flow, last, counted).get(flow), new Array(map.cpus).fill(zero).with(last, counted));
    t.same(map.fill(flow, stats(9)).getCpu(flow, 0), stats(9));
    t.throws(() => map.fill(flow, stats(9), 'noExist'), /EEXIST/);
  }
});

t.test('a value for each CPU, with what the kernel rounds up to', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-hash-maps')).load();
  const map = object.map('percpu_slots', PercpuArrayMap<number, number[]>);
  const { cpus } = map;
  t.equal(map.valueSize, 3);
  const marks = Array.from({ length: cpus }, (_, cpu) => [cpu + 1, cpu + 2, cpu + 3]);
  map.set(2, marks);
  map.set(7, marks.toReversed());
  t.same(map.get(2), marks);
  t.equal(testRun(object.program('mark_slot')), 0);
  const marked = map.get(2) ?? [];
  const at = marked.findIndex(mark => mark[1] === 0xaa);
  t.same(marked[at], [at, 0xaa, 0xbb], 'the CPU that the program ran on');
  t.same(marked.toSpliced(at, 1), marks.toSpliced(at, 1), 'the others are left alone');
  t.equal(map.size, 8);
  t.same([...map.values()][2], marked);
  const theirs = dumped(map) as unknown as { key: number; values: { value: number[] }[] }[];
  t.same(
    [...map],
    theirs.map(({ key, values }) => [key, values.map(({ value }) => value)]),
    'as bpftool reads it',
  );

  t.same(map.getCpu(2, at), marked[at]);
  const other = (at + 1) % cpus;
  t.same(map.setCpu(2, other, [9, 9, 9]).get(2), marked.with(other, [9, 9, 9]), 'one CPU');
  t.same(map.fill(2, [1, 1, 1]).get(2), new Array(cpus).fill([1, 1, 1]));
  t.throws(() => map.getCpu(2, cpus), { name: 'TypeError', message: /CPU/ });
  t.throws(() => map.set(2, marks.slice(1)), {
    name: 'TypeError',
    message: /^map percpu_slots: value: .*array of/,
  });
  t.throws(() => map.set(2, [...marks.slice(1), [1, 2, 300]]), { name: 'TypeError', message: /300/ });
  t.throws(() => map.fill(8, [1, 1, 1]), /E2BIG/);
  t.throws(() => map.fill(2, [1, 2, 3], 'noExist'), /EEXIST/);
  t.equal(map.clear(), 8);
  t.same(map.get(7), new Array(cpus).fill([0, 0, 0]), 'an array is cleared to zeros');
});

t.test('an LRU hash that is full makes room', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-hash-maps')).load();
  const map = object.map('lru_flows', LruHashMap<Flow, Stats>);
  const many = Array.from({ length: 2000 }, (_, address) => [{ ...flow, address }, stats(address)] as const);
  t.equal(map.setMany(many), 2000);
  t.ok(map.size > 0 && map.size <= map.maxEntries, `${map.size} of at most ${map.maxEntries} are there`);
  t.same(map.get({ ...flow, address: 1999 }), stats(1999), 'the newest is');
  t.equal(map.get({ ...flow, address: 0 }), undefined, 'the oldest is not');
  t.equal(map.delete({ ...flow, address: 1999 }), true);
  t.equal(map.has({ ...flow, address: 1999 }), false);
});

t.test('the sections of globals are arrays, too', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-types')).load();
  const rodata = Object.values(object.maps).find(map => map.name.endsWith('.rodata'));
  if (!(rodata instanceof ArrayMap)) throw new Error('no array for .rodata');
  t.match(rodata.get(0), { ro_u16: 16, ro_name: 'read only' });
  t.equal(rodata.size, 1);
  t.throws(() => rodata.set(0, rodata.get(0)), /EPERM/);
});

t.test('keys of arrays are numbers, with BTF and without', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-hash-maps')).load();
  const map = object.map('untyped_slots', ArrayMap<number, Uint8Array>);
  const value = new Uint8Array(8).fill(3);
  t.same(map.set(2, value).get(2), value);
  t.same([...map.keys()], [0, 1, 2, 3]);
  t.same(map.get(Uint8Array.of(2, 0, 0, 0)), value);
  t.throws(() => map.get(-1), { name: 'TypeError', message: /^map untyped_slots: key: -1 is not an index/ });
  t.throws(() => map.get(1.5), { name: 'TypeError' });
  t.equal(map.get(4), undefined);
  t.throws(() => map.delete(1), /EINVAL.*cannot be deleted/);
  t.throws(() => map.lookupAndDelete(1), /look up and delete in one step/);
});

t.test('values below a spin lock', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-hash-maps')).load();
  const map = object.map('locked', HashMap);
  map.set(1, { low: 1, high: 1 });
  map.set(1, { low: 41, high: 7 }, { lock: true, mode: 'exist' });
  t.match(map.get(1, { lock: true }), { low: 41, high: 7 });
  const record = {
    prog_fd: object.program('check_locked').fd,
    data_in: new Uint8Array(64),
    data_size_in: 64,
  };
  const { result, attr } = bpfInOut(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, record);
  t.equal(result, 0);
  t.equal(attr['retval'], 0, 'the program reads what was written');
  t.match(map.get(1), { low: 42, high: 7 });
  t.throws(
    () => map.set(2, { low: 1 }, { lock: true, mode: 'noExist' }).set(2, {}, { lock: true, mode: 'noExist' }),
    /EEXIST/,
  );
  t.equal(
    map.setMany(
      [
        [1, { low: 5 }],
        [2, { low: 6 }],
      ],
      { lock: true },
    ),
    2,
  );
  t.match(map.get(2), { low: 6, high: 0 });
  const flows = object.map('flows', HashMap);
  t.throws(() => flows.get(flow, { lock: true }), {
    name: 'TypeError',
    message: /flows: lock: .*bpf_spin_lock/,
  });
  t.throws(() => flows.set(flow, stats(1), { lock: true }), { name: 'TypeError' });
  t.throws(() => flows.set(flow, stats(1), 'sometimes' as 'any'), { name: 'TypeError', message: /noExist/ });
});
