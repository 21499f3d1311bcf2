import t, { type Test } from 'tap';
import { BpfObject, syscallFnName, traceFields, tracePrint } from '../src/index.js';
import { waitingChild } from './child.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { traceLock } from './trace-lock.js';

t.test('a format names fields that there are', async t => {
  await t.rejects(tracePrint('{pid} {nosuch}'), { name: 'TypeError', message: /\{nosuch\}: task, pid/ });
  await t.rejects(tracePrint('{9}'), TypeError);
  await t.rejects(tracePrint('{}'), TypeError);
});

/** A process whose writes print a line each; resolves to its pid when it has written twice. */
async function traced(t: Test): Promise<number> {
  const child = waitingChild('echo one; echo two');
  t.teardown(() => child.close());
  const object = BpfObject.open(fixture('minimal'));
  t.teardown(() => object.close());
  object.globals.pid_filter = child.pid;
  object.load();
  object.attach();
  await child.release();
  return child.pid;
}

t.test('what programs print: its fields', async t => {
  if (!needs(t, { bpf: true })) return;
  await traceLock(t);
  const child = await traced(t);
  for await (const { task, pid, message } of traceFields({ signal: AbortSignal.timeout(30_000) })) {
    if (pid !== child) continue;
    t.same([task, message], ['sh', `BPF triggered sys_enter_write from PID ${pid}.`]);
    return;
  }
  t.fail('there is no line of the process');
});

t.test('what programs print: by a format', async t => {
  if (!needs(t, { bpf: true })) return;
  await traceLock(t);
  const child = await traced(t);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 30_000);
  const texts: string[] = [];
  const print = (text: string): void => {
    if (!text.startsWith(`{${child}} `)) return;
    texts.push(text);
    if (texts.length === 2) stop.abort();
  };
  await tracePrint('{{{1}}} {task} {5}', { signal: stop.signal, print });
  clearTimeout(timer);
  const text = `{${child}} sh BPF triggered sys_enter_write from PID ${child}.`;
  t.same(texts, [text, text]);
});

t.test('the function of a system call is one of this kernel', async t => {
  if (!needs(t, { linux: true })) return;
  const symbols = run('cat', '/proc/kallsyms');
  for (const name of ['clone', 'execve', 'openat'])
    t.match(symbols, new RegExp(` ${syscallFnName(name)}$`, 'm'), syscallFnName(name));
});
