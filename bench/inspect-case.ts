import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Case } from './compare.js';
import type { Peers } from './peers.js';
import { fixture, repository } from './repository.js';

/** A process that opens an object, prints its programs and maps, and ends. */
export function inspectColdStart(peers: Peers): Case {
  const program = peers.build('inspect');
  const cli = join(repository, 'dist/src/cli/main.js');
  return {
    name: 'inspect-cold-start',
    unit: 'ms/process',
    ours: () => milliseconds(process.execPath, cli, 'inspect', fixture('opensnoop')),
    theirs: () => milliseconds(program, fixture('opensnoop')),
  };
}

function milliseconds(...[program = '', ...args]: string[]): number {
  const start = performance.now();
  const output = execFileSync(program, args, { encoding: 'utf8' });
  const spent = performance.now() - start;
  if (!output.includes('tracepoint__syscalls__sys_exit_openat'))
    throw new Error(`${program} printed ${output}`);
  return spent;
}
