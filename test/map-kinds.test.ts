import { mkdirSync, rmdirSync } from 'node:fs';
import t from 'tap';
import {
  ArrayOfMaps,
  BloomFilter,
  CgroupArray,
  HashMap,
  HashOfMaps,
  QueueMap,
  StackMap,
} from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { dumped, hexBytes } from './dumped.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { currentCgroup } from './test-cgroup.js';
import { testRun } from './test-run.js';

const open = (): BpfObject => BpfObject.open(fixture('test-map-kinds')).load();
const job = (id: number) => ({ id, name: `job ${id}` });

t.test('a queue and a stack: push, peek, pop', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = open();
  const queue = object.map('queue', QueueMap);
  const stack = object.map('stack', StackMap);
  for (const map of [queue, stack]) {
    t.equal(map.peek(), undefined);
    t.equal(map.pop(), undefined);
    for (const id of [1, 2, 3]) map.push(job(id));
    t.throws(() => map.push(job(4)), { errnoName: 'E2BIG', message: /max_entries \(3\): pop first/ });
  }
  t.same([queue.peek(), stack.peek()], [job(1), job(3)]);
  const shown = JSON.parse(run('bpftool', '-j', 'map', 'peek', 'id', String(queue.id))) as { value: unknown };
  t.same(
    hexBytes(shown.value),
    Uint8Array.of(1, 0, 0, 0, ...Buffer.from('job 1\0\0\0\0\0\0\0')),
    'as bpftool',
  );
  t.same([queue.pop(), queue.pop()], [job(1), job(2)]);
  t.equal(testRun(object.program('move')), 3, 'a program pops what the stack has on top, and pushes it');
  t.same([queue.pop(), queue.pop(), queue.pop()], [job(3), job(3), undefined]);
  for (const id of [4, 5, 6, 7]) queue.push(job(id), 'exist');
  t.same([queue.pop(), queue.pop(), queue.pop(), queue.pop()], [job(5), job(6), job(7), undefined]);
  t.throws(() => queue.push({ id: 'x' }), { name: 'TypeError', message: /id/ });
  t.throws(() => queue.push(5), { name: 'TypeError' });
  object.close();
  t.throws(() => queue.pop(), { name: 'TypeError', message: /closed/ });
});

t.test('a bloom filter never forgets', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const map = object.map('seen', BloomFilter);
  t.equal(map.hashes, 3);
  const seen = (id: number) => ({ id, name: 'seen' });
  for (let id = 0; id < 50; id++) map.add(seen(id));
  t.equal(testRun(object.program('see'), 1000), 0);
  for (const id of [...Array(50).keys(), 1000]) {
    t.equal(map.mayHave(seen(id)), true);
    t.equal(testRun(object.program('was_seen'), id), 1);
  }
  const wrong = [...Array(1000).keys()].filter(id => map.mayHave(seen(5000 + id)));
  t.ok(wrong.length < 500, `${wrong.length} of 1000 wrongly seen`);
  for (const id of [5000, 5001, 5002])
    t.equal(map.mayHave(seen(id)), testRun(object.program('was_seen'), id) === 1, 'a program finds the same');
  t.throws(() => map.add({ name: 5 }), { name: 'TypeError', message: /name/ });
  t.throws(() => map.mayHave(null), { name: 'TypeError' });
});

t.test('maps of maps', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = open();
  const byIndex = object.map('by_index', ArrayOfMaps);
  const byNumber = object.map('by_number', HashOfMaps);
  const [first, second] = [object.map('first', HashMap), object.map('second', HashMap)];
  t.same([...byIndex], [[1, first.id]], 'as the object declares it');
  t.same([...byNumber], []);
  first.set(7, job(100));
  second.set(7, job(200));
  byIndex.set(2, second);
  byNumber.set(5000000000n, first).set(6n, second.fd);
  t.equal(testRun(object.program('job_of_index'), 1), 100);
  t.equal(testRun(object.program('job_of_index'), 2), 200);
  t.equal(testRun(object.program('job_of_index'), 3), -1 >>> 0);
  t.equal(testRun(object.program('job_of_number'), 6), 200);
  t.same([...byIndex.keys()], [1, 2]);
  t.same(
    new Map(byNumber),
    new Map([
      [5000000000n, first.id],
      [6n, second.id],
    ]),
  );
  const theirs = dumped(byNumber) as unknown as {
    inner_map_id: string[] | number;
    key: string[];
    value: string[];
  }[];
  const ids = theirs.map(({ value }) => new DataView(hexBytes(value).buffer).getUint32(0, true));
  t.same(new Set(ids), new Set([first.id, second.id]), 'as bpftool');
  {
    using inner = byIndex.get(1) as HashMap;
    t.ok(inner instanceof HashMap);
    t.equal(inner.id, first.id);
    t.same(inner.get(7), job(100), 'typed as the object declares');
    inner.set(7, job(101));
    t.equal(testRun(object.program('job_of_index'), 1), 101);
  }
  t.equal(byIndex.get(3), undefined);
  t.equal(byIndex.idOf(2), second.id);
  t.equal(byNumber.has(6n), true);
  t.equal(byNumber.delete(6n), true);
  t.equal(byNumber.delete(6n), false);
  t.equal(byIndex.delete(1), true);
  t.equal(testRun(object.program('job_of_index'), 1), -1 >>> 0);
  t.throws(() => byIndex.set(1, object.map('other_key')), {
    errnoName: 'EINVAL',
    message: /key_size of map other_key is 8, inner maps must have 4/,
  });
  t.throws(() => byIndex.set(1, object.map('queue')), /type of map queue is 22, inner maps must have 1/);
  t.throws(() => byIndex.set(4, first), /E2BIG/);
  t.throws(() => byIndex.set(1, {} as never), {
    name: 'TypeError',
    message: /by_index: value.*file descriptor/,
  });
  t.throws(() => byIndex.set(1, 1000000), /EBADF/);
  t.throws(() => byIndex.get('x'), { name: 'TypeError' });
});

t.test('a map of maps keeps what is put in', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const byIndex = object.map('by_index', ArrayOfMaps);
  const second = object.map('second', HashMap);
  second.set(7, job(3));
  byIndex.set(0, second);
  second.close();
  t.equal(testRun(object.program('job_of_index'), 0), 3);
  using inner = byIndex.get(0) as HashMap;
  t.same([...inner], [[7, job(3)]]);
});

t.test('a cgroup array knows who is below', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const map = object.map('cgroups', CgroupArray);
  const root = currentCgroup();
  const other = `${root}/rawbpf-test-${process.pid}`;
  mkdirSync(other);
  t.teardown(() => rmdirSync(other));
  const isBelow = (index: number) => testRun(object.program('is_below'), index);
  t.equal(isBelow(0), -11 >>> 0, 'EAGAIN while there is none');
  map.set(0, root).set(1, other);
  t.same([isBelow(0), isBelow(1)], [1, 0]);
  t.equal(map.delete(0), true);
  t.equal(map.delete(0), false);
  t.equal(isBelow(0), -11 >>> 0);
  t.throws(() => map.set(0, '/'), { errnoName: 'EBADF', message: /\/ is no folder of cgroup v2/ });
  t.throws(() => map.set(0, '/no/such'), { errnoName: 'ENOENT', syscall: 'open', message: /\/no\/such/ });
  t.throws(() => map.set(2, root), /E2BIG/);
  t.throws(() => map.set(0, {} as never), { name: 'TypeError' });
  t.throws(() => map.set(-1, root), { name: 'TypeError' });
});
