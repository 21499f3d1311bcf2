import t from 'tap';
import { BpfObject } from '../src/programs/index.js';
import { rawbpf, startRawbpf } from './cli-process.js';
import { CliSession } from './cli-session.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';

interface Shown {
  readonly type?: number;
  readonly cpu?: number;
  readonly index?: number;
  readonly data: string[];
}

const lines = (text: string): Shown[] =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Shown);

t.test('the records that wait in a ring buffer', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-ring-records')).load();
  const id = String(object.map('ring').id);
  for (const size of [3, 20]) t.equal(testRun(object.program('send_ring'), size, 0), 0);
  const { status, stdout, stderr } = rawbpf('map', 'event-pipe', 'id', id, '--count', '2', '--json');
  t.same([status, stderr], [0, '']);
  t.same(
    lines(stdout),
    [3, 20].map(size => ({ data: new Array(size).fill('0x00') })),
  );
  t.equal(testRun(object.program('send_ring'), 17, 0), 0);
  const text = rawbpf('map', 'event_pipe', id, '--count', '1');
  t.equal(text.stdout, `== 17 bytes =====\n${new Array(16).fill('00').join(' ')}\n00\n`);
});

t.test('the events of a perf event array, as bytes and by a type', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-ring-bench')).load();
  const id = String(object.map('perf').id);
  const typed = ['--btf', fixture('test-ring-bench'), '--type', 'record'];
  for (const args of [[], typed]) {
    const running = startRawbpf('map', 'event-pipe', id, '--count', '3', '--json', ...args);
    // What is sent before it listens is lost.
    const sending = setInterval(() => testRun(object.program('emit_perf'), 1), 50);
    const status = await running.finished;
    clearInterval(sending);
    t.equal(status, 0, running.stderr);
    const events = lines(running.stdout);
    t.equal(events.length, 3);
    for (const { type, cpu, index, ...event } of events) {
      t.same([type, index], [9, cpu]);
      if (args === typed) t.match(event, { event: { path: '/usr/lib/locale/C.utf8' } });
      else t.ok(event.data.length > 60 && event.data.every(byte => /^0x[\da-f]{2}$/.test(byte)));
    }
  }
  const session = new CliSession(t);
  const pipe = ['map', 'event-pipe', id, '--type', 'nope'];
  await session.refused(t, /no type nope: give --btf/, ...pipe);
  await session.refused(t, /no type nope/, ...pipe, '--btf', fixture('test-ring-bench'));
  await session.refused(t, /no such file/i, ...pipe, '--btf', '/none');
});
