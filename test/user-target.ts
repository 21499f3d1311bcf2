import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

/** Compiles C in a folder of the test's own; returns the path of what it was linked to. */
export function compileUser(t: Test, source: string, name = 'target', ...flags: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-user-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, `${name}.c`);
  writeFileSync(file, source);
  run('cc', '-O1', '-g0', '-w', ...flags, file, '-o', join(folder, name));
  return join(folder, name);
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
