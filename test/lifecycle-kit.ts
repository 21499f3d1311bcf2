import assert from 'node:assert/strict';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HashMap, PerfEventArray, RingBuf } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { openFds } from './open-fds.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';

/** struct record of bpf/test-ring-bench.bpf.c. */
export interface Sample {
  readonly seq: bigint;
  readonly path: string;
}

/** A ring and a perf buffer with the programs that fill them. */
export function buffers() {
  const object = BpfObject.open(fixture('test-ring-bench')).load();
  return {
    object,
    ring: object.map('ring', RingBuf),
    perf: object.map('perf', PerfEventArray),
    fillRing: (count: number) => testRun(object.program('emit_ring'), count),
    fillPerf: (count: number) => testRun(object.program('emit_perf'), count),
  };
}

export function hash() {
  const object = BpfObject.open(fixture('hello-map')).load();
  const map = object.map('counter_table', HashMap);
  for (let key = 0n; key < 100n; key++) map.set(key, key);
  return { object, map };
}

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Collects all garbage, and lets what hangs on it be finalized. */
export async function collect(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    gc();
    await sleep(5);
  }
}

/** How many of the process's descriptors are BPF's or perf's. */
export function ownFds(): number {
  return openFds().filter(fd => /anon_inode:(bpf|\[perf_event\])/.test(fd)).length;
}

/** An error that says what is wrong, not one of the engine about undefined. */
export function refuses(run: () => unknown): void {
  let error: unknown;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  assert(error instanceof Error, `${run} is not refused`);
  assert.match(error.message, /closed|not loaded/i, `${run}: ${error.stack}`);
}

export const sibling = (name: string): string =>
  fileURLToPath(new URL(name + extname(import.meta.url), import.meta.url));
