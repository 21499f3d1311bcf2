import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { EventGroup, PerfEventArray, RingBuf } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';
import { until } from './until.js';

const open = (): BpfObject => BpfObject.open(fixture('test-ring-bench')).load();

t.test('rings and perf buffers of several objects in one group', async t => {
  if (!needs(t, { bpf: true })) return;
  using one = open();
  using two = open();
  using group = new EventGroup();
  const counts = [0, 0, 0];
  const count = (which: number) => (): void => {
    counts[which]!++;
  };
  const first = one.map('ring', RingBuf).on(count(0), { group });
  two.map('ring', RingBuf).on(count(1), { group });
  two.map('perf', PerfEventArray).raw().on(count(2), { group, pages: 64 });
  t.equal(group.size, 3);
  for (let round = 0; round < 20; round++) {
    testRun(one.program('emit_ring'), 10);
    testRun(two.program('emit_ring'), 20);
    testRun(two.program('emit_perf'), 30);
    await sleep(2);
  }
  await until(() => counts[0]! + counts[1]! + counts[2]! === 1200);
  t.same(counts, [200, 400, 600]);

  first.close();
  t.equal(group.size, 2);
  testRun(two.program('emit_ring'), 1);
  t.equal(group.consume(), 1, 'by hand');
  group.close();
  t.equal(group.size, 0);
  t.throws(() => one.map('ring', RingBuf).on(() => {}, { group }), /closed/);
});

t.test('a for await in a group that another reader keeps busy', async t => {
  if (!needs(t, { bpf: true })) return;
  using one = open();
  using two = open();
  using group = new EventGroup();
  let others = 0;
  two.map('ring', RingBuf).on(() => others++, { group });
  const timer = setInterval(() => {
    testRun(one.program('emit_ring'), 100);
    testRun(two.program('emit_ring'), 100);
  }, 1);
  let count = 0;
  for await (const _ of one.map('ring', RingBuf).raw().reader({ group, highWaterMark: 8 }))
    if (++count === 1000) break;
  clearInterval(timer);
  t.equal(count, 1000);
  t.ok(others >= 500, `${others}`);
});

t.test('an idle reader takes no CPU', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  using group = new EventGroup();
  object.map('ring', RingBuf).on(() => {}, { group });
  object.map('perf', PerfEventArray).on(() => {});
  testRun(object.program('emit_ring'), 100);
  testRun(object.program('emit_perf'), 100);
  await sleep(200);
  const before = process.cpuUsage();
  await sleep(2000);
  const { user, system } = process.cpuUsage(before);
  t.ok(user + system < 40_000, `${user + system} µs of 2 s`);
});
