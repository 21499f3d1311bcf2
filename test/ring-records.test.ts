import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { PerfEventArray, RingBuf } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { runElsewhere } from './run-elsewhere.js';
import { randomly } from './stress.js';
import { testRun } from './test-run.js';
import { until } from './until.js';

const RING = 64 * 1024;
const random = randomly(7);
const content = Uint8Array.from({ length: 65536 + 256 }, () => random(256));

/** The programs of bpf/test-ring-records.bpf.c, their content set. */
function load(): BpfObject {
  const object = BpfObject.open(fixture('test-ring-records'));
  object.globals['content'] = [...content];
  return object.load();
}

/** Takes records as bytes; fails for one that is not what was sent. */
class Expected {
  readonly #t: Test;
  readonly #sent: Uint8Array[] = [];
  compared = 0;
  readonly #perf: boolean;
  constructor(t: Test, perf = false) {
    this.#t = t;
    this.#perf = perf;
  }
  sent(size: number, offset: number): void {
    this.#sent.push(content.subarray(offset, offset + size));
  }
  readonly raw = (memory: Uint8Array, offset: number, length: number): void => {
    const sent = this.#sent[this.compared++] ?? new Uint8Array(0);
    // A perf record's length is rounded up, so that with its own 4 bytes it is a multiple of 8.
    const whole = this.#perf ? ((sent.length + 11) & ~7) - 4 : sent.length;
    const record = memory.subarray(offset, offset + sent.length);
    if (length !== whole || Buffer.compare(record, sent) !== 0)
      this.#t.fail(`record ${this.compared} of ${sent.length} bytes has others, and ${length}`);
  };
}

t.test('records of any size in a ring, byte by byte', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = load();
  const expected = new Expected(t);
  using reader = object.map('ring', RingBuf).raw().reader();
  let position = 0;
  const send = (size: number): void => {
    const offset = random(256);
    if (reader.available + size + 16 > RING) reader.consume(expected.raw);
    if (testRun(object.program('send_ring'), size, offset) !== 0) t.fail(`${size} bytes are refused`);
    expected.sent(size, offset);
    position = (position + ((size + 15) & ~7)) % RING;
  };
  for (const size of [0, 0, 1, 7, 8, 9, 3 * 4096, 12_345, 40_000, RING - 16]) send(size);
  for (let i = 0; i < 2000; i++) send(random(8) === 0 ? random(RING - 16) : random(300));
  // A record that ends where the ring does; one whose header does; one without bytes at the end, and at the beginning.
  for (const left of [0, 8, 16, 24]) {
    while (RING - position > 30_000) send(20_000);
    if (RING - position - left < 8) send(1000);
    send(RING - position - left - 8);
    t.equal(RING - position, left || RING);
    for (const size of [0, 100, 0, 3 * 4096]) send(size);
  }
  reader.consume(expected.raw);
  t.equal(expected.compared, reader.received);
  t.ok(expected.compared > 2010);
  t.same([reader.available, reader.metrics().discarded], [0, 0]);
  t.equal(testRun(object.program('send_ring'), RING - 15, 0) | 0, -11, 'a ring is never quite full');
});

t.test('three pages reserved in a ring', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = load();
  const expected = new Expected(t);
  using reader = object.map('ring', RingBuf).raw().reader();
  for (let i = 0; i < 100; i++) {
    t.equal(testRun(object.program('reserve_pages'), i), 0);
    expected.sent(3 * 4096, i);
    if (i % 3 === 0) reader.consume(expected.raw);
  }
  reader.consume(expected.raw);
  t.equal(expected.compared, 100);
});

t.test('records of any size in a perf buffer, byte by byte, overwriting and not', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = load();
  const map = object.map('perf', PerfEventArray);
  for (const overwrite of [false, true]) {
    const expected = new Expected(t, true);
    using reader = map.raw().reader({ pages: 32, overwrite });
    const send = (size: number): void => {
      const offset = random(256);
      if (testRun(object.program('send_perf'), size, offset) !== 0) t.fail(`${size} bytes are refused`);
      expected.sent(size, offset);
      reader.consume(expected.raw);
    };
    // A record's size is a u16, and 12 of its bytes are headers.
    const most = 0xfff8 - 12;
    for (const size of [1, 4, 5, 3 * 4096, 12_345, 40_000, most]) send(size);
    for (let i = 0; i < 1000; i++) send(1 + random(random(8) === 0 ? most : 300));
    t.equal(expected.compared, 1007);
    t.same([reader.lost, reader.metrics().overwritten], [0, 0]);
  }
});

t.test('discarded records are skipped and counted', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = load();
  const expected = new Expected(t);
  using reader = object.map('ring', RingBuf).raw().reader();
  let discarded = 0;
  for (let i = 0; i < 500; i++) {
    const discard = random(2) === 0;
    if (discard) discarded++;
    else expected.sent(100, i % 256);
    testRun(object.program(discard ? 'discard_ring' : 'send_ring'), 100, i % 256);
    if (i === 250) reader.consume(expected.raw);
  }
  reader.consume(expected.raw);
  t.equal(expected.compared, 500 - discarded);
  t.equal(reader.metrics().discarded, discarded);
});

for (const discards of [0, 1])
  t.test(
    `a record that is not finished holds up those after it, then is ${discards ? 'discarded' : 'read'}`,
    async t => {
      if (!needs(t, { bpf: true })) return;
      if (availableParallelism() < 2) {
        t.plan(0, 'needs two CPUs, one of which is in a program');
        return;
      }
      using object = load();
      const ring = object.map('ring', RingBuf);
      const lengths: number[] = [];
      using reader = ring.raw().on((_, __, length) => lengths.push(length));
      testRun(object.program('send_ring'), 1, 0);
      await until(() => lengths.length > 0);
      t.same(lengths, [1]);

      const held = runElsewhere(object.program('hold_ring'), 1, 1e10, discards);
      while (!object.globals['holding']) await sleep(1);
      for (const size of [2, 3, 4]) t.equal(testRun(object.program('send_ring'), size, 0), 0);
      t.equal(reader.consume(), 0);
      t.equal(reader.available, 4 * 16);
      t.equal(object.globals['holding'], 1, 'it was held all the while');
      await sleep(10);
      t.same(lengths, [1], 'nor by the event loop');
      object.globals['release'] = 1;
      await held;
      await until(() => reader.available === 0);
      t.same(lengths, discards ? [1, 2, 3, 4] : [1, 8, 2, 3, 4], 'in order, without being asked for');
      t.match(reader.metrics(), { discarded: discards, available: 0, received: lengths.length });
    },
  );
