import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How many records a stress test produces: RAWBPF_STRESS, or as many as an ordinary run has time for. */
export function stressCount(ordinary: number, share = 1): number {
  const asked = process.env['RAWBPF_STRESS'];
  return asked === undefined ? ordinary : Math.round(Number(asked) * share);
}

/** The seed of a test's random choices; RAWBPF_STRESS_SEED repeats a run's. */
export const stressSeed = Number(process.env['RAWBPF_STRESS_SEED'] ?? Date.now() & 0xffffff);

/** A random number below `limit`, by xorshift: the same sequence for the same seed. */
export function randomly(seed: number): (limit: number) => number {
  let state = (seed ^ 0x9e3779b9) | 1;
  return limit => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Processes that make the program of fd `fd` produce `count` records in all; they inherit the fd. */
export function startProducers(fd: number, count: number, seed: number): Producers {
  const child = fileURLToPath(new URL(`./stress-producer${extname(import.meta.url)}`, import.meta.url));
  // What runs TypeScript, when this is TypeScript.
  const execArgv = import.meta.url.endsWith('.ts') ? process.execArgv : [];
  const children = [0, 1].map(producer => {
    const share = producer === 0 ? count - (count >> 1) : count >> 1;
    return spawn(process.execPath, [...execArgv, child, ...[producer, share, seed].map(String)], {
      stdio: ['ignore', 'ignore', 'inherit', fd],
    });
  });
  return new Producers(children);
}

export class Producers implements Disposable {
  readonly #children: readonly ChildProcess[];
  /** Resolves when all have ended; throws when one failed. */
  readonly done: Promise<void>;
  running = true;

  constructor(children: readonly ChildProcess[]) {
    this.#children = children;
    const ended = children.map(async child => {
      const [status, signal] = await once(child, 'exit');
      if (status !== 0) throw new Error(`a producer ended with ${signal ?? status}`);
    });
    this.done = Promise.all(ended).then(
      () => {},
      error => {
        throw error;
      },
    );
    const stop = () => {
      this.running = false;
    };
    this.done.then(stop, stop);
  }

  /** Stops them where they are; resolves when none is in a program any more. */
  async pause(): Promise<void> {
    for (const { pid, exitCode } of this.#children)
      if (exitCode === null) process.kill(pid as number, 'SIGSTOP');
    while (!this.#children.every(stands)) await sleep(1);
  }

  resume(): void {
    for (const child of this.#children) if (child.exitCode === null) child.kill('SIGCONT');
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) if (child.exitCode === null) child.kill('SIGKILL');
  }
}

function stands({ pid, exitCode }: ChildProcess): boolean {
  if (exitCode !== null) return true;
  try {
    return /\) [TZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** MB of memory that the process has, and that JavaScript uses of it, when all garbage is collected. */
export async function memory(): Promise<{ readonly rss: number; readonly used: number }> {
  // What a collection finds to be forgotten is let go of in a later turn.
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await sleep(5);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss: rss / 1e6, used: (heapUsed + external) / 1e6 };
}
