import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotAtHand } from './compare.js';
import { repository } from './repository.js';

/** The C programs of bench/peers, compiled against the libbpf of this machine. */
export class Peers {
  /** Where programs and objects are kept until the end of the run. */
  readonly folder: string;
  readonly #own: boolean;

  /** Without a folder, which may have some of them already, makes one of its own. */
  constructor(folder?: string) {
    this.folder = folder ?? mkdtempSync(join(tmpdir(), 'rawbpf-bench-'));
    this.#own = folder === undefined;
  }

  /** Path of the program; compiled on first use. */
  build(name: string): string {
    const program = join(this.folder, name);
    const source = join(repository, 'bench/peers', `${name}.c`);
    if (!existsSync(program))
      execFileSync(
        'cc',
        ['-O2', '-Wall', '-rdynamic', '-o', program, source, '-lbpf', '-lelf', '-lz', '-ldl'],
        {
          stdio: 'inherit',
        },
      );
    return program;
  }

  [Symbol.dispose](): void {
    if (this.#own) rmSync(this.folder, { recursive: true });
  }
}

/** Runs a peer that inherits fds as 3, 4, …, and prints what it measured. Throws NotAtHand with its last words when it fails. */
export function measuredWith(fds: readonly number[], command: readonly (string | number)[]): number {
  const [program = '', ...args] = command.map(String);
  try {
    return Number(
      execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', ...fds] }),
    );
  } catch (error) {
    const words = String((error as { stderr?: string }).stderr ?? error).trim();
    throw new NotAtHand(`it fails: ${words.split('\n').at(-1)}`);
  }
}

/** Runs a peer that prints what it measured, a number. */
export function measured(program: string, ...args: (string | number)[]): number {
  return Number(execFileSync(program, args.map(String), { encoding: 'utf8' }));
}
