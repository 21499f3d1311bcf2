import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Case } from './compare.js';
import type { Peers } from './peers.js';
import { fixture, repository } from './repository.js';

const records = 300;

/** From bpf_ktime_get_ns() in the program to the callback of a reader that waits, a record every millisecond. */
export function ringLatency(peers: Peers): Case[] {
  const program = peers.build('latency');
  const script = join(repository, 'dist/bench/latency.js');
  const row = (field: 'median' | 'p99', unit: string): Case => ({
    name: 'ring-latency',
    unit,
    ours: () => microseconds(field, process.execPath, script, program, records),
    theirs: () => microseconds(field, program, 'poll', fixture('test-ring-bench'), records),
  });
  return [row('median', 'µs, median'), row('p99', 'µs, 99th percentile')];
}

function microseconds(field: string, program: string, ...args: (string | number)[]): number {
  return JSON.parse(execFileSync(program, args.map(String), { encoding: 'utf8' }))[field] / 1000;
}
