import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './repository.js';

/** The C programs of bench/peers, compiled against the libbpf of this machine. */
export class Peers {
  readonly #folder = mkdtempSync(join(tmpdir(), 'rawbpf-bench-'));

  /** Path of the program; compiled on first use. */
  build(name: string): string {
    const program = join(this.#folder, name);
    const source = join(repository, 'bench/peers', `${name}.c`);
    execFileSync('cc', ['-O2', '-Wall', '-o', program, source, '-lbpf', '-lelf', '-lz'], {
      stdio: 'inherit',
    });
    return program;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** Runs a peer that prints what it measured, a number. */
export function measured(program: string, ...args: (string | number)[]): number {
  return Number(execFileSync(program, args.map(String), { encoding: 'utf8' }));
}
