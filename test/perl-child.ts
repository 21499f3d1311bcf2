import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';

/** A Perl interpreter in another process: it starts once, and quickly, also in an emulated guest. */
export interface PerlChild {
  readonly pid: number;
  /** Runs a script, in which Socket's names are known and those of {@link prelude}; what it opens is closed when it ends. Throws what it dies of. */
  run(script: string): Promise<void>;
}

/** `$in4`, `$in6`, `$path`: where to bind; `ok(…)` dies of what is false; `sock(…)` makes a socket, `at(…)` one that is bound. */
const prelude = `
use Socket qw(:all);
$| = 1;
our $in4 = pack_sockaddr_in(0, INADDR_LOOPBACK);
our $in6 = pack_sockaddr_in6(0, IN6ADDR_LOOPBACK);
our $path = "\\0rawbpf-test-$$";
sub ok { $_[0] or die "$_[1]: $!\\n" }
sub sock { my ($family, $type) = @_; ok(socket(my $s, $family, $type, 0), 'socket'); return $s }
sub at { my ($family, $type, $where) = @_; my $s = sock($family, $type); ok(bind($s, $where), 'bind'); return $s }
print "ready\\n";
while (my $line = <STDIN>) { eval $line; my $error = $@; $error =~ s/\\n/ /g; print $error || 'done', "\\n" }
`;

/** Starts Perl by a command that ends in `exec "$@"`, as `sh -c` runs it with `args` before Perl's own. It ends with the test. */
export async function perlChild(t: Test, enter: string, ...args: readonly string[]): Promise<PerlChild> {
  const child = spawn('sh', ['-c', `${enter} exec "$@"`, ...args, 'perl', '-e', prelude], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  t.teardown(async () => {
    child.stdin.end();
    await exited;
  });
  const answer = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('perl has ended');
    return value;
  };
  await answer();
  return {
    pid: child.pid as number,
    async run(script) {
      child.stdin.write(`${script.replaceAll('\n', ' ')}\n`);
      const said = await answer();
      if (said !== 'done') throw new Error(`perl: ${said}`);
    },
  };
}
