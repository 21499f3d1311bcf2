import { release } from 'node:os';
import t from 'tap';
import { BpfObject, HashMap, PerfEventArray, ProgArray, RingBuf, TracePipe } from '../../src/index.js';
import { waitingChild } from '../child.js';
import { fixture } from '../repository.js';
import { printedBy } from './printed-by.js';

t.test(`Linux ${release()}: minimal, through the trace pipe`, async t => {
  const child = waitingChild('echo one');
  t.teardown(() => child.close());
  using obj = BpfObject.open(fixture('minimal'));
  obj.globals['pid_filter'] = child.pid;
  obj.load();
  obj.attach();
  const pipe = TracePipe.open({ signal: AbortSignal.timeout(20_000) });
  await child.release();
  for await (const { pid, message } of pipe)
    if (pid === child.pid) {
      t.equal(message, `BPF triggered sys_enter_write from PID ${pid}.`);
      return;
    }
  t.fail('no line came in 20 seconds');
});

t.test(`Linux ${release()}: a hash counts, a perf and a ring buffer bring records`, async t => {
  const child = waitingChild('exec /bin/true');
  t.teardown(() => child.close());
  const open = (name: string) => {
    const obj = BpfObject.open(fixture(name));
    obj.globals['pid_filter'] = child.pid;
    return obj.load();
  };
  using map = open('hello-map');
  using buffer = open('hello-buffer');
  using ring = open('hello-ring');
  using fromBuffer = buffer.map('output', PerfEventArray).reader();
  using fromRing = ring.map('output', RingBuf).reader();
  for (const obj of [map, buffer, ring]) t.equal(obj.attach().length, 1);
  await child.release();
  t.same([...map.map('counter_table', HashMap)], [[0n, 1n]]);
  const records: unknown[] = [];
  fromBuffer.consume(record => records.push(record));
  fromRing.consume(record => records.push(record));
  const expected = { pid: child.pid, uid: 0, command: 'sh', message: 'Hello World' };
  t.match(records, [expected, expected]);
});

t.test(`Linux ${release()}: a raw tracepoint tail-calls`, async t => {
  const child = waitingChild('exec /bin/true');
  t.teardown(() => child.close());
  using obj = BpfObject.open(fixture('hello-tail'));
  obj.globals['pid_filter'] = child.pid;
  obj.load();
  const execve = 59; // x86-64, as the kernels that scripts/vm boots
  obj.map('syscall', ProgArray).set(execve, obj.program('hello_exec'));
  t.match(obj.attach(), [{ kind: 'raw_tracepoint', target: 'sys_enter' }]);
  const lines = await printedBy(child);
  t.equal(lines.filter(line => line === 'Executing a program').length, 1);
  t.notOk(lines.includes(`Another syscall: ${execve}`));
  t.ok(lines.some(line => line.startsWith('Another syscall: ')));
});
