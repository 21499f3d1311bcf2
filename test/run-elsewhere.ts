import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sibling } from './lifecycle-kit.js';

const execArgv = import.meta.url.endsWith('.ts') ? process.execArgv : [];

/** Runs a program in another process while this one goes on. Resolves when it has ended; rejects when it failed. */
export async function runElsewhere(
  program: { readonly fd: number },
  runs: number,
  ...args: readonly number[]
): Promise<void> {
  const command = [...execArgv, sibling('./run-inherited-child'), String(runs), ...args.map(String)];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit', program.fd] });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`the program's other process ended with ${status}`);
}
