// A thread that reads a ring until it ends in the way that workerData names. Run by lifecycle-threads.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { buffers } from './lifecycle-kit.js';

const { ring, perf, fillRing } = buffers();
perf.on(() => {});
let count = 0;
if (workerData === 'loop') void loop();
else
  ring.on(() => {
    count++;
    if (workerData === 'exit') process.exit(5);
    if (workerData === 'throw') throw new Error('from the callback');
    if (count === 100) parentPort?.postMessage('reads');
  });
setInterval(() => fillRing(200), 1);

async function loop(): Promise<void> {
  for await (const _ of ring) if (++count === 100) parentPort?.postMessage('reads');
}
