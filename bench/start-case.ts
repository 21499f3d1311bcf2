import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Case } from './compare.js';
import type { Peers } from './peers.js';
import { fixture, repository } from './repository.js';

/** The command as `npm run build` makes it, which is what users run. */
const rawbpf = join(repository, 'dist/bin/rawbpf.cjs');
/** Starts of which a round counts the fastest. */
const starts = 3;

/** A process that opens an object, prints its programs and maps, and ends; beside a C program that does so. */
export function inspectColdStart(peers: Peers): Case {
  const program = peers.build('inspect');
  return {
    name: 'inspect-cold-start',
    unit: 'ms/process',
    ours: () => milliseconds([process.execPath, rawbpf, 'inspect', fixture('opensnoop')], exitOpenat),
    theirs: () => milliseconds([program, fixture('opensnoop')], exitOpenat),
  };
}

/** What `rawbpf inspect` takes beyond what node itself does. */
export function cliStartInspect(): Case {
  return besideNode('cli-start-inspect', ['inspect', fixture('opensnoop')], exitOpenat);
}

/** The same of `rawbpf prog list`, with whatever programs the kernel has. */
export function cliStartProgList(): Case {
  return besideNode('cli-start-prog-list', ['prog', 'list'], '');
}

const exitOpenat = 'tracepoint__syscalls__sys_exit_openat';

function besideNode(name: string, args: readonly string[], expected: string): Case {
  return {
    name,
    unit: 'ms/process',
    peer: 'node -e 0',
    ours: () => milliseconds([process.execPath, rawbpf, ...args], expected),
    theirs: () => milliseconds([process.execPath, '-e', '0'], ''),
  };
}

/** The fastest of some runs. Throws when one does not print what is expected of it. */
function milliseconds([program = '', ...args]: readonly string[], expected: string): number {
  const once = (): number => {
    const start = performance.now();
    const output = execFileSync(program, args, { encoding: 'utf8' });
    const spent = performance.now() - start;
    if (!output.includes(expected)) throw new Error(`${program} printed ${output}`);
    return spent;
  };
  return Math.min(...Array.from({ length: starts }, once));
}
