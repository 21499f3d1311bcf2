import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { run } from './live.js';

/** A program of our own to be traced. */
export interface UserTarget {
  readonly path: string;
  readonly pid: number;
  /** Writes a line to it and waits for the line that it answers. */
  ask(line: string): Promise<string>;
}

/**
 * Compiles C for this machine; returns the path of what it was linked to. It is kept beside the kernels that scripts/vm fetches, because in an emulated machine, which sees
 * the files of this one, the compiler takes half a minute.
 */
export function compileUser(source: string, name = 'target', ...flags: string[]): string {
  const options = ['-O1', '-g0', '-w', ...flags];
  const key = createHash('sha256')
    .update(JSON.stringify([source, options, process.arch]))
    .digest('hex');
  const folder = join(homedir(), '.cache/rawbpf/targets', key.slice(0, 16));
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, 'new-'));
  try {
    const file = join(scratch, `${name}.c`);
    writeFileSync(file, source);
    run('cc', ...options, file, '-o', join(scratch, name));
    renameSync(join(scratch, name), path);
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return path;
}

/** Runs a program that answers each line of its input with one; it ends with the test. */
export async function startTarget(
  t: Test,
  path: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<UserTarget> {
  const child = spawn(path, [], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const exited = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let answered: (line: string) => void = () => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => answered(text.trimEnd()));
  const ask = (line: string): Promise<string> => {
    const answer = new Promise<string>((resolve, reject) => {
      answered = resolve;
      void exited.then(() => reject(new Error(`${path} ended`)));
    });
    child.stdin.write(`${line}\n`);
    return answer;
  };
  return { path, pid: child.pid as number, ask };
}
