// Runs one scenario of lifecycle-scenarios.ts: NAME. Run by lifecycle.test.ts, each in a process of its own, because what it looks for is a crash.
import { scenarios } from './lifecycle-scenarios.js';

const name = process.argv[2] ?? '';
const scenario = scenarios[name];
if (!scenario) throw new Error(`no scenario ${name}`);
await scenario();
console.log('done');
