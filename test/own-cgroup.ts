import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type PerlChild, perlChild } from './perl-child.js';

/** A cgroup of version 2 of our own, for as long as the test runs. */
export interface OwnCgroup {
  readonly folder: string;
  /** Starts a process in it. */
  perl(): Promise<PerlChild>;
  /** Moves this process into it; what is returned moves it back. */
  enter(): () => void;
  /** Makes a cgroup below it. */
  below(name: string): OwnCgroup;
}

let count = 0;
const procs = 'cgroup.procs';

/** Makes a cgroup where version 2 is mounted, or where it is mounted for this test alone. */
export function ownCgroup(t: Test): OwnCgroup {
  const mounted = mount();
  const root = mounted ?? mkdtempSync(join(tmpdir(), 'rawbpf-cgroup-'));
  if (mounted === undefined) {
    execFileSync('mount', ['-t', 'cgroup2', 'none', root]);
    t.teardown(() => {
      execFileSync('umount', [root]);
      rmdirSync(root);
    });
  }
  return make(t, root, `rawbpf-test-${process.pid}-${++count}`);
}

function mount(): string | undefined {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return mounts.map(line => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
}

function make(t: Test, root: string, name: string): OwnCgroup {
  const folder = join(root, name);
  mkdirSync(folder);
  t.teardown(() => rmdirSync(folder));
  return {
    folder,
    perl: () => perlChild(t, 'echo $$ > "$0" &&', join(folder, procs)),
    enter() {
      const [, path = '/'] = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
      const home = join(root, path, procs);
      const move = (to: string) => writeFileSync(to, String(process.pid));
      move(join(folder, procs));
      return () => move(home);
    },
    below: child => make(t, root, join(name, child)),
  };
}
