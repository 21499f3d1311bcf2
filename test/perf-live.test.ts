import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { onlineCpus } from '../src/kernel/index.js';
import { PerfEventArray } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { testRun, testRunOn } from './test-run.js';
import { until } from './until.js';

interface Sample {
  readonly seq: bigint;
  readonly cpu: number;
  readonly path: string;
}
const open = (): BpfObject => BpfObject.open(fixture('test-ring-bench')).load();

t.test('a buffer that overwrites keeps the newest events, oldest first, each once', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  using reader = object
    .map('perf', PerfEventArray)
    .as<Sample>('record')
    .reader({ pages: 4, overwrite: true });
  const read = (): Sample[] => {
    const events: Sample[] = [];
    reader.consume(event => events.push(event));
    return events;
  };
  testRun(object.program('emit_perf'), 50);
  t.same(
    read().map(({ seq }) => Number(seq)),
    Array.from({ length: 50 }, (_, i) => i),
    'all fit',
  );
  t.same(read(), [], 'each once');
  t.equal(reader.metrics().overwritten, 0);

  const total = 5000;
  testRun(object.program('emit_perf'), total);
  const kept = read();
  t.ok(kept.length > 100 && kept.length < 1000, `${kept.length} kept`);
  // The run may have moved from one CPU to another.
  for (const cpu of new Set(kept.map(event => event.cpu))) {
    const own = kept.filter(event => event.cpu === cpu).map(event => Number(event.seq));
    t.same(
      own,
      Array.from({ length: own.length }, (_, i) => own[0]! + i),
    );
  }
  t.ok(kept.some(({ seq }) => Number(seq) === total - 1));
  t.ok(kept.every(({ path }) => path === '/usr/lib/locale/C.utf8'));
  t.ok(reader.metrics().overwritten > 0);
});

t.test('wake-ups after so many events, or so many bytes', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const map = object.map('perf', PerfEventArray);
  for (const options of [{ wakeupEvents: 1000 }, { watermark: 80_000 }]) {
    let received = 0;
    using reader = map.raw().on(() => received++, { pages: 256, ...options });
    await sleep(20);
    testRun(object.program('emit_perf'), 10);
    await sleep(30);
    t.equal(received, 0, 'too few to wake');
    t.ok(reader.available >= 640);
    for (let i = 0; i < 3; i++) testRunOn(onlineCpus()[0]!, object.program('emit_perf'), 1000);
    await until(() => received >= 1000);
    t.ok(received >= 1000, `${received}`);
    reader.consume();
    t.equal(received + reader.lost, 3010);
  }
  t.throws(() => map.reader({ wakeupEvents: 0 }), { name: 'TypeError', message: /wakeupEvents/ });
});

t.test('received and lost are all that was produced; lost by CPU', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const map = object.map('perf', PerfEventArray);
  using reader = map.raw().reader({ pages: 2 });
  let told = 0;
  reader.onLost(count => {
    told += count;
  });
  let produced = 0;
  const produce = (count: number): void => {
    testRun(object.program('emit_perf'), count);
    produced += count;
    reader.consume(() => {});
  };
  for (let i = 0; i < 50; i++) produce(1000);
  t.ok(reader.lost > 0);
  // The kernel tells with the next event that has room, on each CPU that lost some.
  for (const cpu of onlineCpus()) {
    testRunOn(cpu, object.program('emit_perf'), 1);
    produced++;
  }
  reader.consume(() => {});
  t.equal(reader.received + reader.lost, produced);
  t.equal(told, reader.lost);
  t.equal(
    [...reader.lostByCpu.values()].reduce((a, b) => a + b, 0),
    reader.lost,
  );
});

t.test('one reader at a time', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const map = object.map('perf', PerfEventArray);
  const reader = map.reader();
  t.throws(() => map.reader(), { name: 'TypeError', message: /a reader is open/ });
  reader.close();
  map.reader().close();
});
