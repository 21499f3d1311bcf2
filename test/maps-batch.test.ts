import t from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import { Kernel, versionCode } from '../src/kernel/index.js';
import { ArrayMap, HashMap, LruHashMap, PercpuArrayMap, PercpuHashMap } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { BpfError, Errno, liveSys, type Sys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

const batches: readonly number[] = [
  BpfCmd.BPF_MAP_LOOKUP_BATCH,
  BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BpfCmd.BPF_MAP_UPDATE_BATCH,
  BpfCmd.BPF_MAP_DELETE_BATCH,
];

/** The kernel of this machine, seen through calls that `intercept` may answer; `made` counts the commands that reached it. */
function through(intercept: (cmd: number) => number | undefined): {
  sys: Sys;
  kernel: Kernel;
  asked: number[];
} {
  const live = liveSys();
  const asked: number[] = [];
  const sys: Sys = {
    ...live,
    bpf(cmd, ...rest) {
      asked.push(cmd);
      return intercept(cmd) ?? live.bpf(cmd, ...rest);
    },
  };
  return { sys, kernel: Kernel.running(sys), asked };
}

/** This kernel, and this kernel as if it had no batches, which each errno says that some kernel answers. */
const kernels = {
  'by batch': () => through(() => undefined),
  'no batches (5.5)': () => through(cmd => (batches.includes(cmd) ? -Errno.EINVAL : undefined)),
  'no batches of this type': () => through(cmd => (batches.includes(cmd) ? -Errno.ENOTSUPP : undefined)),
};

for (const [name, make] of Object.entries(kernels)) {
  t.test(`many at once: ${name}`, async t => {
    if (!needs(t, { bpf: true })) return;
    const { sys, kernel, asked } = make();
    using object = BpfObject.open(fixture('test-hash-maps'), { sys, kernel }).load();
    const map = object.map('crowd', HashMap<number, bigint>);
    const entries = Array.from({ length: 1000 }, (_, key) => [key, BigInt(key) * 3n] as const);
    t.equal(map.setMany(entries), 1000);
    t.equal(map.size, 1000);
    t.same(new Map(map), new Map(entries));
    t.same(new Set(map.keys()), new Set(entries.keys()));
    const walk = map.entries();
    t.equal(walk.method, name === 'by batch' ? 'batch' : 'key');
    t.same([...walk].length, 1000);
    t.equal(walk.consistent, true);
    t.equal(map.setMany(entries.map(([key]) => [key, 1n])), 1000, 'over those that are there');
    t.equal(map.setMany([[7, 8n]], 'exist'), 1);
    t.throws(
      () =>
        map.setMany(
          [
            [5000, 1n],
            [7, 8n],
          ],
          'noExist',
        ),
      /EEXIST.*1 done before/,
    );
    t.equal(map.get(7), 8n);

    t.equal(map.deleteMany([1, 2, 9999, 3, 8888, 7777, 4]), 4, 'those that were there');
    t.equal(map.deleteMany([1, 2, 3, 4]), 0);
    t.equal(map.deleteMany([]), 0);
    t.equal(map.size, 997);
    if (kernel.versionCode >= versionCode('5.14')) {
      t.equal(map.lookupAndDelete(7), 8n);
      t.equal(map.lookupAndDelete(7), undefined);
    } else {
      t.throws(() => map.lookupAndDelete(7), /since Linux 5\.14/);
      map.delete(7);
    }
    const taken = new Map(map.takeAll());
    t.equal(taken.size, 996);
    t.equal(taken.get(100), 1n);
    t.equal(map.size, 0);
    t.same([...map], []);
    t.same(map.takeAll(), []);
    map.setMany(entries);
    t.equal(map.clear(), 1000);
    t.equal(map.size, 0);
    if (name !== 'by batch')
      t.equal(asked.filter(cmd => batches.includes(cmd)).length, 4, 'each batch command is tried once');
  });

  t.test(`a map that becomes full: ${name}`, async t => {
    if (!needs(t, { bpf: true })) return;
    const { sys, kernel } = make();
    using object = BpfObject.open(fixture('test-hash-maps'), { sys, kernel }).load();
    const map = object.map('crowd', HashMap<number, bigint>);
    const tooMany = Array.from({ length: 5000 }, (_, key) => [key, 1n] as const);
    try {
      map.setMany(tooMany);
      t.fail('more than max_entries were written');
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      t.equal(error.errnoName, 'E2BIG');
      t.match(error.message, /max_entries \(4096\).*4096 done before/);
      t.equal(error.done, 4096);
    }
    t.equal(map.size, 4096);
    t.throws(() => map.setMany([[1, 'x' as never]]), { name: 'TypeError', message: /^map crowd: value: / });
  });

  t.test(`deleting while walking: ${name}`, async t => {
    if (!needs(t, { bpf: true })) return;
    const { sys, kernel } = make();
    using object = BpfObject.open(fixture('test-hash-maps'), { sys, kernel }).load();
    const map = object.map('crowd', HashMap<number, bigint>);
    map.setMany(Array.from({ length: 500 }, (_, key) => [key, 1n] as const));
    const seen: number[] = [];
    for (const [key] of map) {
      if (map.delete(key)) seen.push(key);
    }
    t.equal(seen.length, 500);
    t.equal(new Set(seen).size, 500);
    t.equal(map.size, 0);

    map.setMany(Array.from({ length: 500 }, (_, key) => [key, 1n] as const));
    const walk = map.keys();
    for (const _ of walk) map.clear();
    t.ok(walk.next().done, 'a map that is emptied');
    map.setMany(Array.from({ length: 500 }, (_, key) => [key, 1n] as const));
    const half = map.keys();
    for (const key of half) if (key >= 0) break;
    t.ok(half.next().done, 'a loop that is left ends the walk');
  });

  t.test(`arrays and values for each CPU: ${name}`, async t => {
    if (!needs(t, { bpf: true })) return;
    const { sys, kernel } = make();
    using object = BpfObject.open(fixture('test-hash-maps'), { sys, kernel }).load();
    const slots = object.map('slots', ArrayMap);
    const value = { packets: 3n, bytes: 4n, drops: 5, last: 6 };
    t.equal(
      slots.setMany([
        [1, value],
        [7, value],
      ]),
      2,
    );
    t.same(
      [...slots].filter(([, v]) => (v as typeof value).last === 6),
      [
        [1, value],
        [7, value],
      ],
    );
    t.throws(
      () =>
        slots.setMany([
          [1, value],
          [8, value],
        ]),
      /E2BIG.*1 done before/,
    );
    t.equal(slots.clear(), 8);
    t.same(slots.get(7), { packets: 0n, bytes: 0n, drops: 0, last: 0 });
    t.throws(() => slots.deleteMany([1]), BpfError);
    t.throws(() => slots.takeAll(), BpfError);

    const each = object.map('percpu_slots', PercpuArrayMap<number, number[]>);
    const values = Array.from({ length: each.cpus }, (_, cpu) => [cpu, 2, 3]);
    t.equal(
      each.setMany([
        [0, values],
        [5, values],
      ]),
      2,
    );
    t.same([...each.values()][5], values);
    const flows = object.map('percpu_flows', PercpuHashMap);
    const key = { address: 1, port: 2, protocol: 3 };
    const ofCpus = Array.from({ length: each.cpus }, (_, cpu) => ({ ...value, last: cpu }));
    t.equal(flows.setMany([[key, ofCpus]]), 1);
    t.same([...flows], [[key, ofCpus]]);
    t.same(flows.takeAll(), [[key, ofCpus]]);
    t.equal(flows.size, 0);
    const lru = object.map('lru_flows', LruHashMap);
    t.equal(lru.setMany([[key, value]]), 1);
    t.equal(lru.clear(), 1);
  });
}
