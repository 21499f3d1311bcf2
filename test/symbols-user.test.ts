import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { usym } from '../src/index.js';
import { needs, run, which } from './live.js';

const source = `
#include <stdio.h>
__attribute__((noinline)) static int inner_function(int x) { return x * getchar(); }
__attribute__((noinline)) int outer_function(int x) { return inner_function(x) + 1; }
int main(void)
{
	printf("%p %p %p\\n", (void *)inner_function, (void *)outer_function, (void *)main);
	fflush(stdout);
	return outer_function(2) < 0;
}
`;

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'rawbpf-symbols-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Compiles the program; `options` are cc's. */
function compile(path: string, ...options: string[]): void {
  writeFileSync(`${path}.c`, source);
  execFileSync('cc', ['-O1', ...options, '-o', path, `${path}.c`]);
}

interface Target {
  readonly pid: number;
  /** The addresses that it printed: of inner_function, outer_function and main. */
  readonly addresses: readonly bigint[];
  readonly child: ChildProcess;
}

async function start(t: Test, program: string, ...args: string[]): Promise<Target> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { pid: child.pid as number, addresses: await printed(child), child };
}

async function printed(child: ChildProcess): Promise<bigint[]> {
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return String(line).trim().split(' ').map(BigInt);
}

const names = ['inner_function', 'outer_function', 'main'];
const text = { offset: true, module: true };

t.test('functions of a program and of its libraries, as gdb and nm have them', async t => {
  if (!needs(t, { linux: true, tools: ['cc', 'nm'] })) return;
  const program = join(folder(t), 'target');
  compile(program);
  const { pid, addresses } = await start(t, program);
  for (const [i, address] of addresses.entries())
    t.equal(usym(address + 1n, pid, text), `${names[i]}+0x1 [target]`);

  const libc = readFileSync(`/proc/${pid}/maps`, 'utf8').match(/^([0-9a-f]+)-.*( \/.*libc\.so.*)$/m)!;
  const [base, path] = [BigInt(`0x${libc[1]}`), libc[2]!.trim()];
  const exported = run('nm', '-D', '--defined-only', path).matchAll(/^([0-9a-f]+) T ([a-z]\w+)@@/gm);
  const some = [...exported].filter((_, i) => i % 40 === 0);
  t.ok(some.length > 20, `${some.length} functions of ${path}`);
  const asked = some.map(([, value]) => base + BigInt(`0x${value}`) + 1n);
  const gdb = which('gdb') ? gdbSymbols(pid, asked) : undefined;
  if (!gdb) t.comment('no gdb on this machine to ask, too');
  for (const [i, address] of asked.entries()) {
    const ours = usym(address, pid, text);
    const here = new Set(aliases(path, some[i]![1]!));
    const [, own = '', offset] = /^(\w+)\+0x(\d+) \[libc/.exec(ours) ?? [];
    t.ok(here.has(own) && offset === '1', ours);
    // Of the names of one place, gdb may print another one.
    if (gdb)
      t.ok(
        [...here].some(name => gdb.includes(`${name} + 1 in section .text`)),
        `gdb has ${own}, too`,
      );
  }
});

function gdbSymbols(pid: number, addresses: readonly bigint[]): string {
  const commands = addresses.flatMap(address => ['-ex', `info symbol ${address}`]);
  return run('gdb', '-nx', '-batch', '-p', String(pid), ...commands);
}

/** The names of a place in a library. */
function aliases(path: string, value: string): string[] {
  const rows = run('nm', '-D', '--defined-only', path).matchAll(new RegExp(`^${value} \\w (\\w+)`, 'gm'));
  return [...rows].map(([, name]) => name!);
}

t.test('a program that executes another one has the other’s symbols', async t => {
  if (!needs(t, { linux: true, tools: ['cc'] })) return;
  const program = join(folder(t), 'target');
  compile(program);
  const waits = `printf '1 2 3\\n'; read line; exec ${program}`;
  const { pid, child } = await start(t, 'sh', '-c', waits);
  const libc = /^([0-9a-f]+)-.* (\d\S+) .* \/.*libc\.so/m.exec(readFileSync(`/proc/${pid}/maps`, 'utf8'))!;
  const before = BigInt(`0x${libc[1]}`);
  t.match(usym(before, pid, text), /libc\.so/);
  child.stdin!.write('go\n');
  const addresses = await printed(child);
  for (const [i, address] of addresses.entries()) t.equal(usym(address, pid), names[i]);
});

t.test('a program whose file has been deleted keeps its symbols', async t => {
  if (!needs(t, { bpf: true, tools: ['cc'] })) return;
  const program = join(folder(t), 'target');
  compile(program);
  const { pid, addresses } = await start(t, program);
  rmSync(program);
  writeFileSync(program, 'another file of the same name');
  t.same(
    addresses.map(address => usym(address, pid, text)),
    names.map(name => `${name}+0x0 [target]`),
  );
});

t.test('a stripped program in a root of its own, by its debug file there', async t => {
  if (!needs(t, { bpf: true, tools: ['cc', 'objcopy', 'strip', 'readelf', 'chroot'] })) return;
  const root = folder(t);
  const program = join(root, 'target');
  compile(program, '-static', '-g');
  const [, id = ''] = /Build ID: (\w+)/.exec(run('readelf', '-n', program)) ?? [];
  const debug = join(root, 'usr/lib/debug/.build-id', id.slice(0, 2));
  run('objcopy', '--only-keep-debug', program, `${program}.debug`);
  run('strip', program);
  const bare = await start(t, 'chroot', root, '/target');
  t.equal(usym(bare.addresses[0]!, bare.pid, { module: true }), '[unknown] [target]');

  mkdirSync(debug, { recursive: true });
  copyFileSync(`${program}.debug`, join(debug, `${id.slice(2)}.debug`));
  // Another file, which was not looked at before.
  copyFileSync(program, join(root, 'other'));
  execFileSync('chmod', ['+x', join(root, 'other')]);
  const { pid, addresses } = await start(t, 'chroot', root, '/other');
  t.same(
    addresses.map(address => usym(address + 2n, pid, text)),
    names.map(name => `${name}+0x2 [other]`),
  );
});

t.test('code that node compiled, by its perf map', async t => {
  if (!needs(t, { linux: true })) return;
  const script = `
    function busyFunction(n) { let sum = 0; for (let i = 0; i < n; i++) sum += i % 7; return sum; }
    for (let i = 0; i < 2000; i++) busyFunction(1000);
    console.log('1 2 3');
    process.stdin.resume();`;
  const { pid } = await start(t, process.execPath, '--perf-basic-prof', '-e', script);
  const map = `/tmp/perf-${pid}.map`;
  t.teardown(() => rmSync(map, { force: true }));
  const lines = readFileSync(map, 'utf8').trimEnd().split('\n');
  const found = lines.findLast(line => /[*^]busyFunction/.test(line)) ?? '';
  t.not(found, '', 'node wrote where it put the function');
  const [begin = '', , ...name] = found.split(' ');
  t.equal(usym(BigInt(`0x${begin}`) + 4n, pid, { offset: true }), `${name.join(' ')}+0x4`);
});

t.test('of a process that there is not, and of an address that is not mapped, nothing is known', async t => {
  if (!needs(t, { linux: true })) return;
  t.equal(usym(0x1000n, process.pid, text), '[unknown]');
  t.equal(usym(0x1000n, 2 ** 22 + 1, text), '[unknown]');
});
