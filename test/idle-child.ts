// Waits with open buffers, nothing written to them: prints "waiting", then the microseconds of CPU time of SECONDS. Run by idle.test.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { buffers } from './lifecycle-kit.js';

const seconds = Number(process.argv[2]);
const { object, ring, perf } = buffers();
const loop = (async () => {
  for await (const _ of ring.reader()) console.log('a record');
})();
perf.on(() => console.log('a record'));
// Compiling and collecting what the start left behind is not waiting.
await sleep(1500);
console.log('waiting');
await sleep(200);
const before = process.cpuUsage();
await sleep(seconds * 1000);
const { user, system } = process.cpuUsage(before);
console.log(user + system);
object.close();
await loop;
