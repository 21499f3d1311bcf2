/** `node alone.js btf|open|load [FILE]`: one task in a process of its own, as nearly every program meets it: nothing compiled yet. */
import { readFileSync } from 'node:fs';
import { tasks } from './engine.js';

const [name = '', file = ''] = process.argv.slice(2);
const task = tasks[name as keyof typeof tasks];
const before = peakBytes();
const first = task(file);
const bytes = peakBytes() - before;
console.log(JSON.stringify({ first, bytes }));

/** The most memory that the process ever had. What getrusage(2) says begins with that of the parent. */
function peakBytes(): number {
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}
