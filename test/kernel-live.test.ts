import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  features,
  Kernel,
  pageSize,
  parseCpuList,
  parseTraceLine,
  syscallSymbol,
  TracePipe,
  tracefsPath,
  tracepointId,
  versionCode,
} from '../src/kernel/index.js';
import { liveSys } from '../src/syscall/index.js';
import { needs, run } from './live.js';
import { traceLock } from './trace-lock.js';

t.test('a kernel new enough for a feature has it', async t => {
  if (!needs(t, { bpf: true })) return;
  const kernel = Kernel.running(liveSys());
  for (const [name, { since, probe }] of Object.entries(features))
    if (versionCode(since) <= kernel.versionCode) t.ok(probe(liveSys()), `${name} (${since})`);
  t.ok(kernel.has('memcg_accounting') && kernel.has('btf'));
});

t.test('probing leaves no file descriptor behind', async t => {
  if (!needs(t, { bpf: true })) return;
  const open = (): string[] => run('ls', '/proc/self/fd').trim().split('\n');
  const before = open().length;
  for (const { probe } of Object.values(features)) probe(liveSys());
  t.equal(open().length, before);
});

t.test('what the machine says of itself', async t => {
  if (!needs(t, { linux: true })) return;
  const kernel = Kernel.running(liveSys());
  t.equal(kernel.release, run('uname', '-r').trim());
  // A machine may have room for more CPUs than it has.
  t.ok(kernel.possibleCpus >= Number(run('getconf', '_NPROCESSORS_CONF')));
  t.equal(kernel.onlineCpus.length, Number(run('getconf', '_NPROCESSORS_ONLN')));
  t.equal(pageSize(), Number(run('getconf', 'PAGE_SIZE')));
  const task = kernel.btf?.findByName('task_struct', 'struct');
  t.ok(kernel.btf === undefined || task !== undefined, 'task_struct is in the kernel’s BTF');
});

t.test('versions and CPU lists', async t => {
  t.equal(versionCode('6.1.0-56-amd64'), 0x060100);
  t.equal(versionCode('5.10.300'), 0x050aff);
  t.equal(versionCode('6.18'), 0x061200);
  t.same(parseCpuList('0-3,8\n'), [0, 1, 2, 3, 8]);
  t.same(parseCpuList('0\n'), [0]);
});

t.test('tracepoints by name', async t => {
  if (!needs(t, { bpf: true })) return;
  const kernel = Kernel.running(liveSys());
  const id = tracepointId(kernel, 'syscalls', 'sys_enter_write');
  t.equal(id, Number(readFileSync(join(tracefsPath(), 'events/syscalls/sys_enter_write/id'), 'utf8')));
  t.throws(
    () => tracepointId(kernel, 'syscalls', 'sys_enter_wrte'),
    /syscalls\/sys_enter_wrte: .*near it are syscalls\/sys_enter_write/,
  );
  t.throws(() => tracepointId(kernel, 'syscals', 'x'), /near it are .*syscalls/);
});

t.test('the function behind a system call is a kernel symbol', async t => {
  if (!needs(t, { bpf: true })) return;
  const symbol = syscallSymbol(Kernel.running(liveSys()), 'execve');
  t.match(readFileSync('/proc/kallsyms', 'utf8'), new RegExp(` ${symbol}$`, 'm'));
});

t.test('lines of the trace', async t => {
  const raw = '           <...>-15282   [001] ...1.  4831.290154: bpf_trace_printk: hi: there';
  t.match(parseTraceLine(raw), {
    task: '<...>',
    pid: 15282,
    cpu: 1,
    flags: '...1.',
    timestamp: 4831.290154,
    event: 'bpf_trace_printk',
    message: 'hi: there',
    raw,
  });
  t.match(parseTraceLine('a-b c-7 [000] d..31 1.5: bpf_trace_printk: x'), { task: 'a-b c', pid: 7 });
  t.match(parseTraceLine('CPU:1 [LOST 3 EVENTS]'), { event: '', pid: -1, message: 'CPU:1 [LOST 3 EVENTS]' });
});

t.test('trace_pipe: lines come without a timer, a second reader is told, close ends it', async t => {
  if (!needs(t, { bpf: true })) return;
  await traceLock(t);
  const pipe = TracePipe.open();
  const text = `rawbpf test ${process.pid} ${Math.random()}`;
  setTimeout(() => writeFileSync(join(tracefsPath(), 'trace_marker'), `${text}\n`), 20);
  for await (const line of pipe) {
    if (line.message !== text) continue;
    t.equal(line.event, 'tracing_mark_write');
    t.equal(line.pid, process.pid);
    break;
  }
  using again = TracePipe.open();
  t.throws(() => TracePipe.open(), {
    code: 'ERR_RAWBPF_TRACEFS',
    message: /another process reads it|one reader/,
  });
  setTimeout(() => again.close(), 20);
  for await (const _ of again);
  t.pass('a closed pipe ends its loop');
});
