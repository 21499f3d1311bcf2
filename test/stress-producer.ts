// Makes the program that it inherits as fd 3 write records, in runs of random length: PRODUCER COUNT SEED. Run by the stress tests.
import { randomly } from './stress.js';
import { testRun } from './test-run.js';

const [producer = 0, count = 0, seed = 0] = process.argv.slice(2).map(Number);
const random = randomly(seed * 2 + producer);
const program = { fd: 3 };
const sleeper = new Int32Array(new SharedArrayBuffer(4));

for (let left = count; left > 0; ) {
  // Mostly long runs, which fill the buffer; single records, too, which find a reader that waits.
  const run = Math.min(left, random(8) === 0 ? 1 + random(3) : 1 + random(10_000));
  const full = testRun(program, producer, run);
  left -= run;
  // A full buffer: now and then, go on regardless.
  if (full > 0 ? random(16) !== 0 : random(64) === 0)
    Atomics.wait(sleeper, 0, 0, 1 + random(full > 0 ? 10 : 3));
}
