import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  type Frame,
  foldStacks,
  kernelFrames,
  ksymName,
  type StackBuildId,
  userFrames,
} from '../src/index.js';
import { attachedExample } from './attached-example.js';
import { needs, run, which } from './live.js';

const user = (name: string | undefined, module?: string): Frame => ({
  kind: 'user',
  address: 0n,
  offset: 0n,
  name,
  module,
});
const kernel = (name: string): Frame => ({ ...user(name, 'kernel'), kind: 'kernel' });

t.test('folded: outermost first, equal stacks together, most frequent first', async t => {
  const stack = {
    comm: 'cat',
    user: [user('read'), user('main')],
    kernel: [kernel('vfs_read'), kernel('do_syscall_64')],
  };
  const samples = [
    { comm: 'idle', count: 2 },
    { ...stack, count: 2n },
    { ...stack, count: 1 },
  ];
  t.same(foldStacks(samples), ['cat;main;read;do_syscall_64;vfs_read 3', 'idle 2']);
  t.same(foldStacks(samples, { annotate: true, delimited: true }), [
    'cat;main;read;-;do_syscall_64_[k];vfs_read_[k] 3',
    'idle 2',
  ]);
});

t.test('folded: names that hold what separates frames, and frames without a name', async t => {
  const frames = [
    user('f (a;b)\nc'),
    user(undefined, '/lib/libc.so.6'),
    user(undefined, '[vdso]'),
    user(undefined),
  ];
  t.same(foldStacks([{ comm: 'a;b', user: frames, count: 1 }]), [
    'a:b;[unknown];[vdso];[libc.so.6];f (a:b) c 1',
  ]);
});

t.test('an address that a call returns to is in the function that called', async t => {
  if (!needs(t, { bpf: true })) return;
  const start = ksymName('vfs_read') ?? 0n;
  const [innermost, caller] = kernelFrames([start, start, 0n, start]);
  t.match(innermost, { name: 'vfs_read', offset: 0n, address: start, module: 'kernel' });
  t.not(caller?.name, 'vfs_read', 'the one before it');
  t.equal(caller?.address, start);
  t.equal(kernelFrames([start, 0n, start]).length, 1, 'up to the first 0');
  t.same(kernelFrames([]), []);
});

/** `outer` spends all its time in `inner`, until the input ends. */
const source = `
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
__attribute__((noinline)) static int inner_function(volatile int x) { for (int i = 0; i < 100000; i++) x += i; return x; }
__attribute__((noinline)) static int outer_function(int x) { return inner_function(x) + 1; }
int main(void)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	int x = 0;

	printf("%p\\n", (void *)inner_function);
	fflush(stdout);
	while (poll(&input, 1, 0) == 0)
		x += outer_function(x);
	return x == 7;
}
`;

interface Busy {
  readonly pid: number;
  readonly path: string;
  /** Of inner_function. */
  readonly address: bigint;
  end(): Promise<void>;
}

async function busy(t: Test): Promise<Busy> {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-stacks-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'busy');
  writeFileSync(`${path}.c`, source);
  execFileSync('cc', ['-O1', '-fno-omit-frame-pointer', '-Wl,--build-id', '-o', path, `${path}.c`]);
  const child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  t.teardown(end);
  const [line] = await once(child.stdout, 'data');
  return { pid: child.pid as number, path, address: BigInt(String(line).trim()), end };
}

t.test('places by build id: in a process, and when it has ended in files', async t => {
  if (!needs(t, { linux: true, tools: ['cc', 'readelf', 'nm'] })) return;
  const { pid, path, end } = await busy(t);
  const [, buildId = ''] = /Build ID: (\w+)/.exec(run('readelf', '-n', path)) ?? [];
  const [, value] = /^(\w+) t inner_function$/m.exec(run('nm', path)) ?? [];
  // Of such a program code is where it is in the file.
  const place: StackBuildId = { status: 'valid', buildId, offset: BigInt(`0x${value}`) + 4n };
  const unknown: StackBuildId = { status: 'valid', buildId: 'ab'.repeat(20), offset: 8n };
  const stack = [place, { status: 'ip', ip: 1n }, unknown] as const;
  const found = userFrames(stack, pid);
  t.match(found[0], { name: 'inner_function', offset: 4n, module: path });
  t.match(found[1], { name: undefined, address: 1n });
  t.match(found[2], { name: undefined, module: unknown.buildId, offset: 8n });
  await end();
  t.match(userFrames([place], 2 ** 22 + 1), [{ name: undefined }]);
  t.match(userFrames([place], 2 ** 22 + 1, { files: [path] }), [{ name: 'inner_function', module: path }]);
});

const skip = which('perf') ? false : 'needs perf (apt-get install linux-perf)';

t.test('the same stacks as perf script has', { skip }, async t => {
  if (!needs(t, { bpf: true, tools: ['cc', 'bpftool'] })) return;
  const { pid, path } = await busy(t);
  const data = `${path}.data`;
  const example = await attachedExample(t, 'profile', String(pid));
  run(
    'perf',
    'record',
    '-q',
    '-e',
    'cpu-clock',
    '-F',
    '99',
    '-g',
    '-p',
    String(pid),
    '-o',
    data,
    '--',
    'sleep',
    '2',
  );
  const ours = (await example.end()).trimEnd().split('\n');
  const top = ours[0]?.replace(/ \d+$/, '') ?? '';
  t.match(top, /;main;outer_function;inner_function$/);

  const script = run('perf', 'script', '-i', data, '-F', 'comm,ip,sym');
  const theirs = script.trim().split('\n\n').map(folded);
  const counts = new Map<string, number>();
  for (const stack of theirs) counts.set(stack, (counts.get(stack) ?? 0) + 1);
  const [most] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  t.equal(top, most);
});

/** `busy`, then a line for each frame, the innermost first: ` 55d0 inner_function`. */
function folded(sample: string): string {
  const [comm = '', ...frames] = sample.trim().split('\n');
  const names = frames.map(line => line.trim().replace(/^\w+ /, ''));
  return [comm.trim(), ...names.reverse()].join(';');
}
