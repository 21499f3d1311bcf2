import { spawnSync } from 'node:child_process';
import { which } from './live.js';
import { repository } from './repository.js';

/** This environment, without what asks for colours or loads tap's hooks. */
export const plain = {
  ...process.env,
  NODE_OPTIONS: '',
  FORCE_COLOR: undefined,
  NO_COLOR: undefined,
  // Node takes terminals of CI to have no colours.
  CI: undefined,
  TERM: 'xterm',
};

/** What a program prints on a terminal, on stdout or stderr. */
export function onTerminal(settings: readonly string[], ...line: string[]): string {
  return withEnvironment(
    settings,
    which('script') as string,
    '-qec',
    line.map(quoted).join(' '),
    '/dev/null',
  );
}

/** What a program prints on stdout, with such settings as `NO_COLOR=1`. */
export function withEnvironment(settings: readonly string[], program: string, ...args: string[]): string {
  const { stdout } = spawnSync('env', [...settings, program, ...args], {
    encoding: 'utf8',
    env: plain,
    cwd: repository,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return stdout;
}

/** A word of a command line as a shell takes it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
