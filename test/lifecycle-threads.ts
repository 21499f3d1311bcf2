import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { RingBuf } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { buffers, ownFds, sibling } from './lifecycle-kit.js';
import { fixture } from './repository.js';
import { startProducers } from './stress.js';
import { StressCheck } from './stress-check.js';

const startWorker = (way: string) => new Worker(sibling('./lifecycle-worker'), { workerData: way });

/** Threads, other processes, and what comes while something is closed. */
export const threadScenarios: Record<string, () => void | Promise<void>> = {
  'workers that are terminated while they read': async () => {
    for (let i = 0; i < 6; i++) {
      const worker = startWorker(i % 2 ? 'loop' : 'callback');
      await once(worker, 'message');
      await sleep(i * 3);
      await worker.terminate();
    }
  },
  'a worker that exits in a callback': async () => {
    const worker = startWorker('exit');
    const [status] = await once(worker, 'exit');
    assert.equal(status, 5);
  },
  'a worker whose callback throws': async () => {
    const worker = startWorker('throw');
    const [error] = await once(worker, 'error');
    assert.match(String(error), /from the callback/);
  },
  'the process exits while a worker reads': async () => {
    await once(startWorker('callback'), 'message');
    console.log('done');
    process.exit(0);
  },
  'other processes inherit nothing': () => {
    const { object, ring, perf } = buffers();
    ring.on(() => {}).unref();
    perf.on(() => {}).unref();
    assert(ownFds() > 3);
    const { stdout } = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
    assert.doesNotMatch(stdout, /anon_inode:(bpf|\[perf)/);
    object.close();
  },
  'readers opened and closed while records come': async () => {
    using object = BpfObject.open(fixture('test-stress')).load();
    using producers = startProducers(object.program('produce_ring').fd, 200_000, 1);
    const check = new StressCheck();
    let readers = 0;
    while (producers.running) {
      const reader = object.map('ring', RingBuf).raw().on(check.raw);
      await sleep(1);
      reader.close();
      readers++;
    }
    await producers.done;
    assert.deepEqual(check.faults, []);
    assert(readers > 3, `${readers} readers`);
  },
};
