import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** A cgroup of version 2 of our own, for as long as the test runs. */
export interface OwnCgroup {
  readonly folder: string;
  /** Runs a Perl script in a process that is in the cgroup, with Socket's names and `$in4`, `$in6`, `$path`; its standard output. */
  perl(script: string): string;
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
    perl: script => perl(folder, script),
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

/** What the scripts have in common: where they may bind, and how they fail. */
const prelude = `
use Socket qw(:all);
use Fcntl;
our $in4 = pack_sockaddr_in(0, INADDR_LOOPBACK);
our $in6 = pack_sockaddr_in6(0, IN6ADDR_LOOPBACK);
our $path = "\\0rawbpf-test-$$";
sub ok { $_[0] or die "$_[1]: $!\\n" }
sub sock { my ($family, $type) = @_; ok(socket(my $s, $family, $type, 0), 'socket'); return $s }
sub at { my ($family, $type, $where) = @_; my $s = sock($family, $type); ok(bind($s, $where), 'bind'); return $s }
`;

function perl(folder: string, script: string): string {
  const enter = 'echo $$ > "$1/cgroup.procs" && exec perl -e "$2"';
  const { status, stdout, stderr } = spawnSync('sh', ['-c', enter, 'sh', folder, prelude + script], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`perl in ${folder} ended with ${status}: ${stderr}`);
  return stdout;
}
