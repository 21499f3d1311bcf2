import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { needs } from './live.js';
import { fixture, repository } from './repository.js';
import { thirdPartyObjects } from './third-party.js';

/** What V8 does for its heap and its threads meanwhile. An mmap() of a fd, as of a data section, counts. */
const ofTheEngine =
  /^(madvise|mprotect|munmap|brk|futex|mmap\((NULL|0x[0-9a-f]+), \d+, \S+ MAP_\S*ANONYMOUS)/;

t.test('opensnoop is loaded and attached in fewer system calls than libbpf makes', async t => {
  if (!needs(t, { bpf: true, tools: ['strace', 'gcc', 'unshare'], headers: ['bpf/libbpf.h'] })) return;
  compare(t, fixture('opensnoop'));
});

t.test('and so is the opensnoop of libbpf-tools, which has CO-RE relocations', async t => {
  const tools = ['strace', 'gcc', 'unshare', 'apt-get', 'dpkg-deb'];
  if (!needs(t, { bpf: true, tools, headers: ['bpf/libbpf.h'] })) return;
  const object = thirdPartyObjects('libbpf-tools').find(path => basename(path).startsWith('opensnoop'));
  if (object === undefined) throw new Error('libbpf-tools has no opensnoop');
  compare(t, object);
});

function compare(t: Test, object: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-calls-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const peer = join(folder, 'peer');
  const source = join(repository, 'test/peers/load-attach.c');
  execFileSync('gcc', ['-O1', '-o', peer, source, '-lbpf', '-lelf', '-lz']);
  const child = fileURLToPath(new URL('syscall-counts-child.js', import.meta.url));
  const ours = count(folder, [process.execPath, child, object]);
  const theirs = count(folder, [peer, object]);
  t.comment(
    `load: ${ours.load} of rawbpf, ${theirs.load} of libbpf; attach: ${ours.attach} and ${theirs.attach}`,
  );
  t.ok(theirs.load > 20 && theirs.attach > 10, 'the peer did it');
  t.ok(ours.load < theirs.load, `load: ${ours.load} < ${theirs.load}`);
  t.ok(ours.attach < theirs.attach, `attach: ${ours.attach} < ${theirs.attach}`);
}

/** System calls of the main thread between the lines that a program writes; in a mount namespace with a tracefs, which libbpf needs. */
function count(folder: string, command: readonly string[]): { load: number; attach: number } {
  const trace = join(folder, 'trace');
  const script = 'mount -t tracefs tracefs /sys/kernel/tracing && exec "$@"';
  execFileSync('unshare', [
    '-m',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'sh',
    'strace',
    '-o',
    trace,
    ...command,
  ]);
  const lines = readFileSync(trace, 'utf8').split('\n');
  const mark = (text: string): number => lines.findIndex(line => line.startsWith(`write(1, "${text}\\n"`));
  const between = (from: number, to: number): number =>
    lines.slice(from + 1, to).filter(line => !ofTheEngine.test(line)).length;
  const [load, attach, done] = [mark('load'), mark('attach'), mark('done')];
  return { load: between(load, attach), attach: between(attach, done) };
}
