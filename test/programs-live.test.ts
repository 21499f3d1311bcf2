import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { HashMap, PerfEventArray, ProgArray, RingBuf } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { type WaitingChild, waitingChild } from './child.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { type TraceInstance, traceInstance } from './trace-instance.js';

interface Listed {
  readonly id: number;
  readonly prog_id?: number;
}

const listed = (kind: 'prog' | 'map' | 'link'): Listed[] => JSON.parse(run('bpftool', '-j', kind, 'list'));

/** Closes a loaded, attached object and asserts by bpftool that its links were there and that nothing of it is left. */
async function closesCleanly(t: Test, obj: BpfObject, links: number): Promise<void> {
  const programs = Object.values(obj.programs).map(program => program.info().id);
  const maps = Object.values(obj.maps).map(map => map.id);
  const ofOurs = () => listed('link').filter(link => programs.includes(link.prog_id ?? 0)).length;
  t.equal(ofOurs(), links, 'bpftool sees the links');
  t.equal(
    listed('prog').filter(({ id }) => programs.includes(id)).length,
    programs.length,
    'and the programs',
  );
  obj.close();
  const left = () => [
    ofOurs(),
    listed('prog').filter(({ id }) => programs.includes(id)),
    listed('map').filter(({ id }) => maps.includes(id)),
  ];
  // The kernel frees maps and programs after a grace period.
  for (let tries = 0; tries < 100 && left().flat().some(Boolean); tries++) await setTimeout(20);
  t.same(left(), [0, [], []], 'no link, program or map is left');
}

function childOf(t: Test, script: string): WaitingChild {
  const child = waitingChild(script);
  t.teardown(() => child.close());
  return child;
}

function traceOf(t: Test): TraceInstance {
  const trace = traceInstance();
  t.teardown(() => trace.close());
  return trace;
}

const live = { bpf: true, tools: ['bpftool'] };

t.test('minimal prints a line for each write of the child, and of no other', async t => {
  if (!needs(t, live)) return;
  const trace = traceOf(t);
  const child = childOf(t, 'echo one; echo two; echo three');
  using obj = BpfObject.open(fixture('minimal'));
  obj.globals['pid_filter'] = child.pid;
  obj.load();
  const links = obj.attach();
  t.match(links, [{ kind: 'tracepoint', program: 'handle_tp', target: 'syscalls/sys_enter_write' }]);
  t.equal(await child.release(), 'one\ntwo\nthree\n');
  const line = `BPF triggered sys_enter_write from PID ${child.pid}.`;
  t.same(trace.linesOf(child.pid), [line, line, line]);
  t.same(trace.linesOf(process.pid), []);
  await closesCleanly(t, obj, 1);
});

t.test('hello_tp greets an execve, until its link is closed', async t => {
  if (!needs(t, live)) return;
  const trace = traceOf(t);
  for (const [detach, lines] of [
    [false, ['Hello World!']],
    [true, []],
  ] as const) {
    const child = childOf(t, 'exec /bin/true');
    using obj = BpfObject.open(fixture('hello'));
    obj.globals['pid_filter'] = child.pid;
    obj.load({ programs: ['hello_tp'] });
    t.same(Object.keys(obj.programs), ['hello_tp']);
    const link = obj.program('hello_tp').attach();
    if (detach) link.close();
    await child.release();
    t.same(trace.linesOf(child.pid), lines);
  }
});

t.test('hello-map counts per user', async t => {
  if (!needs(t, live)) return;
  const child = childOf(t, 'exec /bin/true');
  using obj = BpfObject.open(fixture('hello-map'));
  obj.globals['pid_filter'] = child.pid;
  obj.load().attach();
  const counters = obj.map('counter_table', HashMap);
  t.same([...counters.entries()], []);
  await child.release();
  t.same([...counters.entries()], [[0n, 1n]]);
  await closesCleanly(t, obj, 1);
});

for (const [name, kind] of [
  ['hello-buffer', PerfEventArray],
  ['hello-ring', RingBuf],
] as const)
  t.test(`${name} sends a record`, async t => {
    if (!needs(t, live)) return;
    const child = childOf(t, 'exec /bin/true');
    using obj = BpfObject.open(fixture(name));
    obj.globals['pid_filter'] = child.pid;
    obj.load();
    const events: unknown[] = [];
    using reader = obj.map<PerfEventArray | RingBuf>('output', kind).reader();
    obj.attach();
    await child.release();
    reader.consume(event => events.push(event));
    t.match(events, [{ pid: child.pid, uid: 0, command: 'sh', message: 'Hello World' }]);
    t.equal(reader.lost, 0);
    await closesCleanly(t, obj, 1);
  });

t.test('hello-tail calls the programs that user space put in the array', async t => {
  if (!needs(t, live)) return;
  const trace = traceOf(t);
  const child = childOf(t, 'exec /bin/true');
  using obj = BpfObject.open(fixture('hello-tail'));
  obj.globals['pid_filter'] = child.pid;
  obj.load();
  const programs = obj.map('syscall', ProgArray);
  // x86-64: everything but execve (59) and close (3) is ignored.
  for (let nr = 0; nr < 500; nr++) programs.set(nr, obj.program('ignore_opcode'));
  programs.set(59, obj.program('hello_exec'));
  programs.delete(3);
  const links = obj.attach();
  t.match(links, [{ kind: 'raw_tracepoint', program: 'hello', target: 'sys_enter' }]);
  await child.release();
  const lines = trace.linesOf(child.pid);
  t.equal(lines.filter(line => line === 'Executing a program').length, 1);
  t.ok(lines.includes('Another syscall: 3'), lines.join('\n'));
  t.ok(lines.every(line => line === 'Executing a program' || line === 'Another syscall: 3'));
  await closesCleanly(t, obj, 1);
});

t.test('opensnoop reports opens with their results', async t => {
  if (!needs(t, live)) return;
  const child = childOf(t, 'exec /bin/cat /etc/passwd /nowhere/at/all 2>&1');
  using obj = BpfObject.open(fixture('opensnoop'));
  obj.globals['targ_tgid'] = child.pid;
  obj.load();
  const events: Record<string, unknown>[] = [];
  using reader = obj.map('events', PerfEventArray).reader();
  t.equal(obj.attach().length, 4);
  await t.rejects(child.release(), /ended with 1/, 'cat does not find the second file');
  reader.consume(event => events.push(event as Record<string, unknown>));
  const found = (fname: string) => events.find(event => event['fname'] === fname);
  t.match(found('/etc/passwd'), { pid: child.pid, tid: child.pid, uid: 0, comm: 'cat' });
  t.ok(Number(found('/etc/passwd')?.['ret']) >= 0);
  t.match(found('/nowhere/at/all'), { ret: -2, comm: 'cat' });
  await closesCleanly(t, obj, 4);
});
