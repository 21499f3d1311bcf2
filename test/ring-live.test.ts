import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { onlineCpus } from '../src/kernel/index.js';
import { PerfEventArray, RingBuf } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { sibling } from './lifecycle-kit.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { testRun, testRunOn } from './test-run.js';
import { until } from './until.js';

/** struct record of bpf/test-ring-bench.bpf.c. */
interface Sample {
  readonly seq: bigint;
  readonly pid: number;
  readonly cpu: number;
  readonly comm: string;
  readonly path: string;
}

/** What runs TypeScript, when this is TypeScript. */
const execArgv = import.meta.url.endsWith('.ts') ? process.execArgv : [];

const open = (): BpfObject => BpfObject.open(fixture('test-ring-bench')).load();

t.test('a ring buffer: by hand, decoded and raw, in order', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('ring', RingBuf);
  const seen: Sample[] = [];
  using reader = ring.reader<Sample>();
  testRun(object.program('emit_ring'), 1000);
  t.equal(
    reader.consume(sample => seen.push(sample)),
    1000,
  );
  t.same(
    seen.map(sample => Number(sample.seq)),
    Array.from({ length: 1000 }, (_, i) => i),
  );
  t.match(seen[0], { pid: process.pid, path: '/usr/lib/locale/C.utf8' });
  t.equal(reader.received, 1000);

  testRun(object.program('emit_ring'), 3);
  using raw = ring.raw().reader();
  const lengths: number[] = [];
  t.equal(
    raw.consume((bytes, offset, length, cpu) => lengths.push(bytes.length > offset ? 1 : 0, length, cpu)),
    3,
  );
  t.same(lengths, [1, 64, -1, 1, 64, -1, 1, 64, -1]);
});

t.test('a ring buffer goes round: many times its size, nothing lost or changed', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  using reader = object.map('ring', RingBuf).as<Sample>('record').reader();
  let received = 0;
  let wrong = 0;
  for (let round = 0; round < 10; round++) {
    testRun(object.program('emit_ring'), 100_000);
    let next = 0n;
    received += reader.consume(({ seq, path }) => {
      if (seq !== next++ || path !== '/usr/lib/locale/C.utf8') wrong++;
    });
  }
  t.same([received, wrong], [1_000_000, 0]);
  t.equal(object.globals['dropped'], 0n);
});

t.test('a full ring buffer: what is received and what the program counts as dropped is all', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  using reader = object.map('ring', RingBuf).reader();
  testRun(object.program('emit_ring'), 300_000);
  const received = reader.consume(() => {});
  const dropped = Number(object.globals['dropped']);
  t.ok(dropped > 0, `${dropped} dropped`);
  t.equal(received + dropped, 300_000);
});

t.test('for await: events come as they are made; breaking off ends it', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('ring', RingBuf);
  setTimeout(() => testRun(object.program('emit_ring'), 5000), 20);
  let count = 0;
  for await (const event of ring) {
    if (Number((event as unknown as Sample).seq) !== count) t.fail(`event ${count}`);
    if (++count === 5000) break;
  }
  t.equal(count, 5000);
});

t.test('back-pressure: a slow reader leaves events in the buffer', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  using reader = object.map('ring', RingBuf).reader<Sample>({ highWaterMark: 16 });
  testRun(object.program('emit_ring'), 1000);
  let count = 0;
  for await (const { seq } of reader) {
    if (Number(seq) !== count) t.fail(`event ${count}`);
    if (count === 3) {
      await sleep(50);
      t.ok(reader.received <= 32, `${reader.received} read ahead`);
    }
    if (++count === 1000) break;
  }
  t.equal(count, 1000);
});

t.test('callbacks: close inside one, an exception in one, abort', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('ring', RingBuf);
  testRun(object.program('emit_ring'), 100);
  let count = 0;
  const reader = ring.on(() => {
    if (++count === 10) reader.close();
  });
  await until(() => reader.closed);
  t.equal(count, 10);
  t.ok(reader.closed);

  using rest = ring.reader<Sample>();
  t.throws(() =>
    rest.consume(({ seq }) => {
      if (seq === 20n) throw new Error('enough');
    }),
  );
  const after: bigint[] = [];
  rest.consume(({ seq }) => after.push(seq));
  t.equal(after[0], 21n, 'the record that threw is consumed, the next is not');
  t.equal(after.length, 79);

  const abort = new AbortController();
  setTimeout(() => abort.abort(), 20);
  let events = 0;
  for await (const _ of ring.reader({ signal: abort.signal })) events++;
  t.equal(events, 0, 'an aborted wait ends');
});

t.test('perf buffers: decoded, in order on each CPU, lost events counted', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const map = object.map('perf', PerfEventArray);
  const next = new Map<number, bigint>();
  using reader = map.reader<Sample>({ pages: 1024 });
  testRun(object.program('emit_perf'), 10_000);
  let wrong = 0;
  const count = reader.consume(({ seq, cpu: of, comm }, { cpu }) => {
    if (of !== cpu || seq < (next.get(cpu) ?? 0n) || comm.length === 0) wrong++;
    next.set(cpu, seq + 1n);
  });
  t.same([count, wrong, reader.lost], [10_000, 0, 0]);
  reader.close();

  let lost = 0;
  using small = map.reader<Sample>({ pages: 1 }).onLost(events => {
    lost += events;
  });
  testRun(object.program('emit_perf'), 10_000);
  let received = small.consume(() => {});
  // The kernel tells of lost events with the next record that finds room, on the CPU that lost them.
  for (const cpu of onlineCpus()) testRunOn(cpu, object.program('emit_perf'), 1);
  received += small.consume(() => {});
  t.ok(lost > 0, `${lost} lost`);
  t.equal(small.lost, lost);
  t.ok(received > 0);
  t.throws(() => map.reader({ pages: 3 }), { name: 'TypeError', message: /power of two/ });
});

t.test('perf buffers by event loop, and records that break at the end of the buffer', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const map = object.map('perf', PerfEventArray);
  let received = 0;
  let wrong = 0;
  using reader = map.on<Sample>(
    ({ path }) => {
      received++;
      if (path !== '/usr/lib/locale/C.utf8') wrong++;
    },
    { pages: 4 },
  );
  for (let round = 0; round < 200; round++) {
    testRun(object.program('emit_perf'), 50);
    await sleep(0);
    await new Promise(resolve => setImmediate(resolve));
  }
  await until(() => received + reader.lost === 10_000);
  t.equal(received + reader.lost, 10_000);
  t.equal(wrong, 0);
});

t.test('types by name', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('ring', RingBuf);
  t.throws(() => ring.as('recrod'), { name: 'TypeError', message: /no type recrod.*record/ });
  t.ok(ring.as('struct record'));
});

t.test('a process whose readers are not waited for ends at once', async t => {
  if (!needs(t, { bpf: true })) return;
  const scenario = 'end with an open reader that is not waited for';
  const child = spawn(process.execPath, [...execArgv, sibling('./lifecycle-child'), scenario], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [done] = await once(child.stdout, 'data');
  t.equal(String(done), 'done\n');
  const kept = setTimeout(() => child.kill(), 10_000);
  const [status] = await once(child, 'exit');
  clearTimeout(kept);
  t.equal(status, 0);
});
