import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { RingBuf } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { memory, randomly, startProducers, stressCount, stressSeed } from './stress.js';
import { StressCheck } from './stress-check.js';

const count = stressCount(1_000_000);
t.setTimeout(900_000);
const random = randomly(stressSeed);

/** What a reader does until it is closed; each takes what the one before left. */
const ways: readonly ((ring: RingBuf, check: StressCheck) => Promise<void>)[] = [
  async function onTheEventLoop(ring, check) {
    using _reader = ring.raw().on(check.raw);
    await sleep(random(30));
  },
  async function closedInACallback(ring, check) {
    const last = check.received + 1 + random(30_000);
    const timeout = Date.now() + 30;
    const reader = ring.raw().on((bytes, offset, length, cpu) => {
      check.raw(bytes, offset, length, cpu);
      if (check.received >= last) reader.close();
    });
    while (!reader.closed && Date.now() < timeout) await sleep(1);
    reader.close();
  },
  async function byHand(ring, check) {
    using reader = ring.raw().reader();
    for (let i = random(50); i >= 0; i--) {
      reader.consume(check.raw);
      await nextTurn();
    }
  },
  async function inALoop(ring, check) {
    // To break off would lose what was read ahead; a reader that aborts hands it over.
    const abort = new AbortController();
    setTimeout(() => abort.abort(), random(30));
    for await (const bytes of ring.raw().reader({ signal: abort.signal, highWaterMark: 1 + random(2000) }))
      check.raw(bytes, 0, bytes.length, -1);
  },
  async function withACallbackThatThrows(ring, check) {
    using reader = ring.raw().reader();
    let left = random(5000);
    try {
      reader.consume((bytes, offset, length, cpu) => {
        check.raw(bytes, offset, length, cpu);
        if (left-- === 0) throw new Error('enough');
      });
    } catch (error) {
      if ((error as Error).message !== 'enough') throw error;
    }
  },
];

t.test(
  `${count} ring-buffer records of two producers, readers coming and going, seed ${stressSeed}`,
  {
    timeout: 900_000,
  },
  async t => {
    if (!needs(t, { bpf: true })) return;
    using object = BpfObject.open(fixture('test-stress')).load();
    const ring = object.map('ring', RingBuf);
    const check = new StressCheck();
    using producers = startProducers(object.program('produce_ring').fd, count, stressSeed);
    let readers = 0;
    let before: Awaited<ReturnType<typeof memory>> | undefined;
    while (producers.running) {
      // Most of the time somebody reads, or else most records would be lost.
      if (random(4) === 0) await sleep(random(5));
      const way = ways[random(ways.length)] as (typeof ways)[number];
      await way(ring, check);
      readers++;
      // By then all that runs is compiled.
      if (!before && sum(object.globals['produced']) > count / 3) before = await memory();
    }
    await producers.done;
    using last = ring.raw().reader();
    last.consume(check.raw);

    const [produced, full] = ['produced', 'full'].map(name => sum(object.globals[name]));
    t.same(check.faults, []);
    t.equal(produced, count);
    t.equal(check.received + (full as number), count, `${check.received} received, ${full} found no room`);
    t.ok(check.received > count / 10, `${check.received} received`);
    const after = await memory();
    t.comment(`${readers} readers, ${check.received} received, ${full} found no room`, before, after);
    if (before) {
      // The check holds the memory of the last reader that it looked at: 4 MB.
      t.ok(after.used - before.used < 6, `JavaScript's memory grew by ${after.used - before.used} MB`);
      t.ok(after.rss - before.rss < 48, `the process grew by ${after.rss - before.rss} MB`);
    }
  },
);

function sum(values: unknown): number {
  return (values as bigint[]).reduce((total, value) => total + Number(value), 0);
}
