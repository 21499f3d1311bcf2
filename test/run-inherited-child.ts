// Runs the program that it inherits as fd 3 so many times: RUNS ARG0 ARG1. Started by run-elsewhere.ts.
import { testRun } from './test-run.js';

const [runs = 1, first = 0, second = 0] = process.argv.slice(2).map(Number);
for (let i = 0; i < runs; i++) testRun({ fd: 3 }, first, second);
