import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { RingBuf } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';

interface Sample {
  readonly seq: bigint;
  readonly cpu: number;
  readonly path: string;
}
const open = (): BpfObject => BpfObject.open(fixture('test-ring-bench')).load();

t.test('several types told apart by a field; bytes where none fits', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('ring', RingBuf);
  const seen: unknown[] = [];
  const take = (event: unknown): void => {
    seen.push(event);
  };
  testRun(object.program('emit_ring'), 3);
  using typed = ring.as({ by: 'seq', types: { 0: 'record', 2: 'record' } }).reader();
  typed.consume(take);
  t.match(seen[0], { seq: 0n, path: '/usr/lib/locale/C.utf8' });
  t.ok(seen[1] instanceof Uint8Array && seen[1].length === 64);
  t.match(seen[2], { seq: 2n });
  t.throws(() => ring.as({ by: 'seq', types: { 1: 'recrod' } }), { name: 'TypeError', message: /recrod/ });
  t.throws(() => ring.as({ by: 'nothing', types: { 1: 'record' } }), {
    name: 'TypeError',
    message: /nothing/,
  });
});

t.test('lazy views, in a callback and kept by a for await', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('ring', RingBuf);
  testRun(object.program('emit_ring'), 100);
  let sum = 0;
  using reader = ring.lazy<Sample>('record').reader();
  t.equal(
    reader.consume(({ seq }) => {
      sum += Number(seq);
    }),
    100,
  );
  t.equal(sum, 4950);

  testRun(object.program('emit_ring'), 100);
  const kept: Sample[] = [];
  for await (const event of reader) if (kept.push(event) === 100) break;
  testRun(object.program('emit_ring'), 1000);
  reader.consume(() => {});
  t.same(
    kept.map(({ seq }) => Number(seq)),
    Array.from({ length: 100 }, (_, i) => i),
    'of copies',
  );
  t.equal(kept[7]?.path, '/usr/lib/locale/C.utf8');
});

t.test('metrics, and what the program counts as lost', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('ring', RingBuf);
  testRun(object.program('emit_ring'), 300_000);
  const first = ring.raw().reader();
  first.consume(() => {});
  first.close();
  t.equal(first.available, 0);
  t.ok(Number(object.globals['dropped']) > 0);

  using reader = ring.raw().reader({ lostCounter: () => object.globals['dropped'] as bigint });
  t.equal(reader.lost, 0, 'what was lost before does not count');
  testRun(object.program('emit_ring'), 10);
  t.equal(reader.available, 720, 'with headers');
  testRun(object.program('emit_ring'), 299_990);
  reader.consume(() => {});
  const { received, lost, discarded, available, capacity, highWater } = reader.metrics();
  t.equal(received + lost, 300_000);
  t.same([discarded, available, capacity], [0, 0, 16 * 1024 * 1024]);
  t.ok(highWater > capacity - 72 && highWater <= capacity, `${highWater}`);
});

t.test('a slow for await keeps the heap flat', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  using reader = object.map('ring', RingBuf).as<Sample>('record').reader({ highWaterMark: 64 });
  testRun(object.program('emit_ring'), 200_000);
  let count = 0;
  const before = process.memoryUsage().heapUsed;
  for await (const { seq } of reader) {
    if (Number(seq) !== count) t.fail(`event ${count}`);
    if (++count % 100 === 0) await sleep(0);
    if (count === 3000) break;
    if (reader.metrics().queued > 64) t.fail('reads ahead of its mark');
  }
  t.ok(process.memoryUsage().heapUsed - before < 20e6);
  t.ok(reader.available > 190_000 * 72, 'the rest is the kernel’s');
});
