import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter } from 'node:path';
import { CompileError } from './compile-error.js';

export interface Clang {
  /** What to run. */
  readonly program: string;
  /** First line of `--version`. */
  readonly version: string;
}

/** `asked`, or else `clang`, or else the newest `clang-N` on the PATH. Throws CompileError when there is none. */
export function findClang(source: string, asked: string | undefined): Clang {
  const candidates = asked === undefined ? ['clang', ...numbered()] : [asked];
  for (const program of candidates) {
    const version = versionOf(program);
    if (version !== undefined) return { program, version };
  }
  throw new CompileError(
    source,
    asked === undefined
      ? 'compiling C for BPF needs clang, and there is none on the PATH: apt-get install clang, dnf install clang or apk add clang'
      : `${asked} cannot be run, or is not clang: name the compiler that clang --version works with`,
  );
}

function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 && /clang version/.test(stdout) ? (stdout.split('\n')[0] ?? '') : undefined;
}

/** Every `clang-N` of the PATH, newest first. */
function numbered(): string[] {
  const versions = new Set<number>();
  for (const folder of (process.env['PATH'] ?? '').split(delimiter))
    for (const name of list(folder)) {
      const [, version] = /^clang-(\d+)$/.exec(name) ?? [];
      if (version !== undefined) versions.add(Number(version));
    }
  return [...versions].sort((a, b) => b - a).map(version => `clang-${version}`);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
