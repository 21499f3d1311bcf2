import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RingBuf } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { setForgottenFdHandler } from '../src/syscall/index.js';
import { buffers, collect, hash, ownFds } from './lifecycle-kit.js';
import { fixture } from './repository.js';
import { startProducers } from './stress.js';
import { StressCheck } from './stress-check.js';

/** What nobody holds any more. */
export const forgottenScenarios: Record<string, () => void | Promise<void>> = {
  'a forgotten object': async () => {
    let closed = 0;
    setForgottenFdHandler(() => closed++);
    for (let i = 0; i < 5; i++) hash();
    assert(ownFds() > 0);
    await nextTurn();
    await collect();
    assert(closed > 0, 'descriptors were closed');
    assert.equal(ownFds(), 0);
  },
  'forgotten readers': async () => {
    setForgottenFdHandler(() => {});
    const forget = (): void => {
      const { ring, perf, fillRing } = buffers();
      fillRing(10);
      ring.raw().reader();
      perf.raw().reader({ pages: 1 });
    };
    for (let i = 0; i < 20; i++) {
      forget();
      if (i % 5 === 0) await collect();
    }
    await nextTurn();
    await collect();
    assert.equal(ownFds(), 0);
  },
  'a reader whose object is forgotten': async () => {
    setForgottenFdHandler(() => {});
    let count = 0;
    const start = () => {
      const { ring, fillRing } = buffers();
      const reader = ring.on(() => {
        count++;
      });
      return { reader, fillRing };
    };
    const { reader, fillRing } = start();
    for (let i = 0; i < 5; i++) {
      await collect();
      fillRing(10);
    }
    await collect();
    assert.equal(count, 50);
    reader.close();
  },
  'a reader whose object is collected while records come': async () => {
    setForgottenFdHandler(() => {});
    const check = new StressCheck();
    const start = () => {
      const object = BpfObject.open(fixture('test-stress')).load();
      object.map('ring', RingBuf).raw().on(check.raw);
      return startProducers(object.program('produce_ring').fd, 100_000, 2);
    };
    using producers = start();
    while (producers.running) await collect();
    await producers.done;
    assert(check.received > 0);
    assert.deepEqual(check.faults, []);
    setImmediate(() => process.exit());
  },
  'a loop whose object is forgotten': async () => {
    setForgottenFdHandler(() => {});
    const abort = new AbortController();
    const loop = (async () => {
      let count = 0;
      for await (const _ of buffers().ring.reader({ signal: abort.signal })) count++;
      return count;
    })();
    await collect();
    await collect();
    abort.abort();
    assert.equal(await loop, 0);
  },
  'a walk, a view and a typed array whose object is forgotten': async () => {
    setForgottenFdHandler(() => {});
    const walk = hash().map.entries()[Symbol.iterator]();
    const dropped = buffers().object.globalArray('dropped');
    walk.next();
    await nextTurn();
    await collect();
    let steps = 1;
    while (!walk.next().done) steps++;
    assert.equal(steps, 100);
    // The mapping lives as long as somebody can read it.
    dropped[0] = 7n;
    assert.equal(dropped[0], 7n);
  },
};
