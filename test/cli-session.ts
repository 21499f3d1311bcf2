import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { Finished } from './cli-process.js';

/** One process that runs many command lines of `rawbpf`, for tests of so many that starting each would be most of their time. */
export class CliSession {
  readonly #child: ChildProcess;

  constructor(t: Test) {
    const self = fileURLToPath(import.meta.url);
    const { NODE_OPTIONS: _, FORCE_COLOR: __, RAWBPF_VERBOSE: ___, ...env } = process.env;
    this.#child = fork(join(dirname(self), `cli-session-child${extname(self)}`), { env });
    t.teardown(() => this.#child.disconnect());
  }

  async run(...args: string[]): Promise<Finished> {
    const answer = once(this.#child, 'message');
    this.#child.send(args);
    return ((await answer) as [Finished])[0];
  }

  /** What `--json` prints; fails the test when the command does. */
  async json(t: Test, ...args: string[]): Promise<unknown> {
    const { status, stdout, stderr } = await this.run(...args, '--json');
    if (status !== 0) t.fail(`${args.join(' ')}: ${stderr}`);
    return stdout === '' ? undefined : JSON.parse(stdout);
  }

  /** Runs a command that is to end well, without a word on stderr; what it printed. */
  async done(t: Test, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...args);
    t.same([status, stderr], [0, ''], args.join(' '));
    return stdout;
  }

  /** Runs a command that is to be refused with one line that says why. */
  async refused(t: Test, line: RegExp, ...args: string[]): Promise<void> {
    const { status, stdout, stderr } = await this.run(...args);
    t.same([status, stdout], [1, ''], args.join(' '));
    t.match(stderr, line, args.join(' '));
    t.equal(stderr.trimEnd().split('\n').length, 1, 'one line');
  }
}
