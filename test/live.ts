import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Test } from 'tap';

/** What a test needs of the machine beyond Node. */
export interface Needs {
  /** Linux, root, and a bpf() that is not forbidden. */
  readonly bpf?: boolean;
  readonly linux?: boolean;
  /** Programs on the PATH. */
  readonly tools?: readonly string[];
  /** C headers, below /usr/include. */
  readonly headers?: readonly string[];
}

/**
 * True when the machine has what the test needs. Otherwise skips the test with the reason; in CI as root a missing need is a
 * failure, because there the machine is meant to have everything.
 */
export function needs(t: Test, wanted: Needs): boolean {
  const reason = missing(wanted);
  if (!reason) return true;
  if (process.env['CI'] === 'true' && process.getuid?.() === 0)
    t.fail(`CI must be able to run this: ${reason}`);
  else t.plan(0, reason);
  return false;
}

function missing({ bpf, linux, tools = [], headers = [] }: Needs): string | undefined {
  if ((bpf || linux) && process.platform !== 'linux') return `needs Linux, this is ${process.platform}`;
  if (bpf && process.getuid?.() !== 0) return 'needs root for bpf()';
  for (const tool of tools)
    if (!which(tool)) return `needs ${tool} on the PATH (apt-get install ${packageOf(tool)})`;
  for (const header of headers)
    if (!existsSync(join('/usr/include', header)))
      return `needs the header ${header} (apt-get install libbpf-dev)`;
  return undefined;
}

/** Path of a program, looked for on the PATH and in the sbin folders. */
export function which(tool: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map(folder => join(folder, tool)).find(path => existsSync(path));
}

/** Runs a program and returns its stdout; throws with its stderr when it fails. */
export function run(tool: string, ...args: string[]): string {
  return execFileSync(which(tool) ?? tool, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function packageOf(tool: string): string {
  return { readelf: 'binutils', 'llvm-objdump': 'llvm' }[tool] ?? tool;
}
