import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './live.js';
import { repository } from './repository.js';

const bundle = join(repository, 'dist/bin/rawbpf.cjs');

/** What users run, which `npm run build` makes; the modules that it is made of where only tsc ran. */
export const command = existsSync(bundle) ? bundle : join(repository, 'dist/src/cli/main.js');

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `rawbpf` to its end. */
export function rawbpf(...args: string[]): Finished {
  return node(command, ...args);
}

/** Runs a script, or node with options, to its end. */
export function node(...args: string[]): Finished {
  return nodeAs({}, ...args);
}

/** The same as another user or elsewhere, with an environment in which nothing asks for colours. */
export function nodeAs(where: { uid?: number; gid?: number; cwd?: string }, ...args: string[]): Finished {
  const { status, stdout, stderr } = spawnSync('env', plainNode(args), {
    encoding: 'utf8',
    cwd: repository,
    maxBuffer: 1 << 28,
    timeout: 60_000,
    ...where,
  });
  return { status, stdout, stderr };
}

/** Starts `rawbpf`, which runs until it is told to stop. */
export function startRawbpf(...args: string[]): Running {
  return new Running(spawnNode(command, ...args));
}

/** Starts a script of `examples/`. */
export function startExample(name: string, ...args: string[]): Running {
  return new Running(spawnNode(join(repository, `dist/examples/${name}.js`), ...args));
}

function spawnNode(...args: string[]): ChildProcess {
  return spawn('env', plainNode(args), {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/**
 * Arguments of env(1) that start node without what this process's environment would change: colours, and the hook by which tap follows
 * processes into a folder of its own, where another user may not write.
 */
function plainNode(args: readonly string[]): string[] {
  const unset = ['NODE_OPTIONS', 'FORCE_COLOR', 'RAWBPF_VERBOSE'].flatMap(name => ['-u', name]);
  return [...unset, process.execPath, ...args];
}

/** A process that prints until it is stopped. */
export class Running {
  readonly child: ChildProcess;
  readonly finished: Promise<number | null>;
  stdout = '';
  stderr = '';
  #changed: () => void = () => {};

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', text => {
      this.stdout += text;
      this.#changed();
    });
    child.stderr?.setEncoding('utf8').on('data', text => {
      this.stderr += text;
      this.#changed();
    });
    this.finished = new Promise(resolve => {
      child.on('close', status => {
        resolve(status);
        this.#changed();
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits until what the process has printed satisfies `condition`. Throws with all it printed when it ends or `patience`, in milliseconds, is over first. */
  async until(condition: (running: this) => boolean, patience = 20_000): Promise<void> {
    const deadline = Date.now() + patience;
    while (!condition(this)) {
      const left = deadline - Date.now();
      if (left <= 0 || this.child.exitCode !== null || this.child.signalCode !== null) {
        this.child.kill('SIGKILL');
        throw new Error(`it did not come:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.min(left, 100));
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Sends a signal and waits for the end: the exit status. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.child.kill(signal);
    const killer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    const status = await this.finished;
    clearTimeout(killer);
    return status;
  }

  /** Ids of the BPF programs, maps and links that the process holds. */
  bpfIds(): { prog: number[]; map: number[]; link: number[] } {
    const ids = { prog: new Set<number>(), map: new Set<number>(), link: new Set<number>() };
    const folder = `/proc/${this.pid}/fdinfo`;
    for (const fd of readdirSync(folder)) {
      for (const [, kind, id] of fdinfo(join(folder, fd)).matchAll(/^(prog|map|link)_id:\s*(\d+)$/gm))
        ids[kind as keyof typeof ids].add(Number(id));
    }
    return { prog: [...ids.prog], map: [...ids.map], link: [...ids.link] };
  }
}

/** What of these ids is still in the kernel, as bpftool sees it; freeing them takes the kernel a moment. */
export async function stillThere(ids: ReturnType<Running['bpfIds']>): Promise<string[]> {
  let left: string[] = [];
  for (let tries = 0; tries < 50; tries++) {
    left = Object.entries(ids).flatMap(([kind, gone]) => {
      const listed = (JSON.parse(run('bpftool', '-j', kind, 'list') || '[]') as { id: number }[]).map(
        o => o.id,
      );
      return gone.filter(id => listed.includes(id)).map(id => `${kind} ${id}`);
    });
    if (left.length === 0) break;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return left;
}

function fdinfo(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
