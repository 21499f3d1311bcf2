import { join } from 'node:path';
import t from 'tap';
import { waitingChild } from './child.js';
import { type Running, rawbpf, startRawbpf, stillThere } from './cli-process.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { traceLock } from './trace-lock.js';

const attached = (running: Running) => running.stderr.includes('attached');
const lines = (text: string) => text.trimEnd().split('\n');

t.test('opensnoop: five real opens of one process, decoded', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = t.testdir();
  const names = [1, 2, 3, 4, 5, 6, 7].map(n => join(folder, `no-such-${n}`));
  const child = waitingChild(`${names.map(name => `< ${name};`).join(' ')} true`);
  t.teardown(() => child.close());
  const run = startRawbpf(
    'run',
    fixture('opensnoop'),
    '--json',
    ...['--count', '5'],
    ...['--set', `targ_tgid=${child.pid}`],
    ...['--set', 'targ_failed=true'],
  );
  await run.until(attached);
  t.not(run.bpfIds().link.length, 0);
  await child.release();
  t.equal(await run.finished, 0, run.stderr);
  const events = lines(run.stdout).map(line => JSON.parse(line));
  t.same(
    events.map(e => e.fname),
    names.slice(0, 5),
  );
  for (const event of events)
    t.match(event, {
      pid: child.pid,
      tid: child.pid,
      uid: 0,
      ret: -2,
      comm: 'sh',
      ts: Number,
      flags: Number,
    });
});

t.test('for people: columns under a heading', async t => {
  if (!needs(t, { bpf: true })) return;
  const name = join(t.testdir(), 'no-such');
  const child = waitingChild(`< ${name}; < ${name}; true`);
  t.teardown(() => child.close());
  const run = startRawbpf(
    'run',
    fixture('opensnoop'),
    '--count',
    '1',
    '--set',
    `targ_tgid=${child.pid}`,
    '--set',
    'targ_failed=1',
  );
  await run.until(attached);
  await child.release();
  t.equal(await run.finished, 0, run.stderr);
  const [head = '', row = ''] = lines(run.stdout);
  t.match(head, /^ts +pid +tid +uid +ret +flags +comm +fname$/);
  t.match(row, new RegExp(`^\\d+ +${child.pid} +${child.pid} +0 +-2 +\\d+ +sh +${name}$`));
});

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  t.test(`${signal} ends it, and nothing stays in the kernel`, async t => {
    if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
    const run = startRawbpf('run', fixture('opensnoop'), '--set', 'targ_tgid=1', '--set', 'targ_pid=1');
    await run.until(attached);
    const ids = run.bpfIds();
    t.equal(ids.prog.length, 4);
    t.equal(ids.map.length, 3);
    t.equal(await run.stop(signal), 0, run.stderr);
    t.equal(run.stdout, '');
    t.same(await stillThere(ids), []);
  });

t.test('--duration ends it', async t => {
  if (!needs(t, { bpf: true })) return;
  const { status, stderr } = rawbpf(
    'run',
    fixture('opensnoop'),
    '--set',
    'targ_tgid=1',
    '--set',
    'targ_pid=1',
    '--duration',
    '0.2',
  );
  t.equal(status, 0, stderr);
});

t.test('an object without events prints its trace lines', async t => {
  if (!needs(t, { bpf: true })) return;
  await traceLock(t);
  const child = waitingChild('echo one; echo two');
  t.teardown(() => child.close());
  const run = startRawbpf('run', fixture('minimal'), '--count', '2', '--set', `pid_filter=${child.pid}`);
  await run.until(attached);
  await child.release();
  t.equal(await run.finished, 0, run.stderr);
  const expected = `BPF triggered sys_enter_write from PID ${child.pid}.`;
  t.equal(lines(run.stdout).filter(line => line.includes(expected)).length, 2, run.stdout);
});

t.test('an object with neither prints its maps at the end', async t => {
  if (!needs(t, { bpf: true })) return;
  const child = waitingChild('exec /bin/true');
  t.teardown(() => child.close());
  const run = startRawbpf('run', fixture('hello-map'), '--json', '--set', `pid_filter=${child.pid}`);
  await run.until(attached);
  await child.release();
  t.equal(await run.stop(), 0, run.stderr);
  t.same(JSON.parse(run.stdout), { map: 'counter_table', entries: [{ key: 0, value: 1 }] });
});

t.test('--syscalls shows the calls as strace would, on stderr', async t => {
  if (!needs(t, { bpf: true })) return;
  await traceLock(t);
  const { status, stdout, stderr } = rawbpf(
    'run',
    fixture('minimal'),
    '--set',
    'pid_filter=1',
    '--syscalls',
    '--duration',
    '0.1',
  );
  t.equal(status, 0, stderr);
  t.equal(stdout, '');
  t.match(stderr, /^bpf\(BPF_PROG_LOAD, \{prog_type=BPF_PROG_TYPE_TRACEPOINT, .*\) = \d+$/m);
  t.match(stderr, /^perf_event_open\(\{type=PERF_TYPE_TRACEPOINT, .*\) = \d+$/m);
});

t.test('a global that is not there, or a value that does not fit', async t => {
  const wrong: [string, RegExp][] = [
    ['nosuch=1', /global nosuch.*targ_pid/],
    ['targ_pid=abc', /targ_pid.*abc/],
    ['targ_pid=4294967296', /targ_pid.*4294967296/],
    ['targ_failed=perhaps', /targ_failed.*perhaps/],
    ['targ_uid=', /targ_uid/],
  ];
  for (const [assignment, message] of wrong) {
    const { status, stdout, stderr } = rawbpf(
      'run',
      fixture('opensnoop'),
      '--set',
      assignment,
      '--duration',
      '0.1',
    );
    t.equal(status, 1, assignment);
    t.equal(stdout, '');
    t.match(stderr, /^rawbpf: .+\n$/);
    t.match(stderr, message);
  }
});

t.test('programs that this kernel cannot attach are a warning; none left is an error', async t => {
  if (!needs(t, { bpf: true })) return;
  const { status, stderr } = rawbpf('run', fixture('test-types'), '--duration', '0.1');
  t.equal(status, 1);
  t.match(stderr, /no program could be attached\n$/);
});
