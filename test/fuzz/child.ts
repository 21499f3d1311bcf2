/** `node child.js FIRST COUNT`: runs the inputs of seeds FIRST to FIRST + COUNT - 1. A line before each, one for each failure, one at the end. */
import { existsSync, readFileSync, writeSync } from 'node:fs';
import { readCorpus } from './corpus.js';
import { makeInput } from './input.js';

/** What one input may take. */
const maxMilliseconds = 1000;
const maxMegabytes = 64;

const [first = 1, count = 0] = process.argv.slice(2).map(Number);
/** Straight to the descriptor: what is written before a hang or a crash has to arrive. */
const print = (line: object): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

const corpus = readCorpus();
const kinds = { accepted: 0, refused: 0 };
let slowest = { seed: first, milliseconds: 0 };
let largest = 0;
for (let seed = first; seed < first + count; seed++) {
  print({ seed });
  const input = makeInput(seed, corpus);
  const fail = (reason: string): void => print({ seed, input: input.name, reason });
  const memory = peakMegabytes();
  const start = process.cpuUsage();
  try {
    kinds[input.run() ? 'accepted' : 'refused']++;
  } catch (error) {
    fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 1000;
  const megabytes = peakMegabytes() - memory;
  if (milliseconds > slowest.milliseconds) slowest = { seed, milliseconds };
  largest = Math.max(largest, megabytes);
  if (milliseconds > maxMilliseconds) fail(`took ${milliseconds.toFixed(0)} ms of processor time`);
  if (megabytes > maxMegabytes) fail(`took ${megabytes.toFixed(0)} MB of memory`);
}
print({ ...kinds, slowest, largest, vmlinux: corpus.vmlinux !== undefined });

/** The most memory that the process ever had. What getrusage(2) says begins with that of the parent. */
function peakMegabytes(): number {
  const status = '/proc/self/status';
  if (!existsSync(status)) return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1]) / 1024;
}
