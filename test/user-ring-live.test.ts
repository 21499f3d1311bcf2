import t from 'tap';
import { RingFullError, UserRingBuf } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';

const open = (): BpfObject => BpfObject.open(fixture('test-user-ring')).load();
const command = (seq: number, weight = 1, name = `command ${seq}`.slice(0, 11)) => ({
  seq: BigInt(seq),
  weight,
  name,
});

t.test('records arrive as written, in order, all around the ring; discarded ones do not', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('commands', UserRingBuf);
  let weights = 0;
  for (let round = 0; round < 100; round++) {
    for (let i = 1; i <= 10; i++) {
      const seq = round * 10 + i;
      ring.write(command(seq, seq), 'command');
      weights += seq;
      ring.reserve(20).discard();
    }
    testRun(object.program('drain'));
  }
  t.equal(object.globals['taken'], 1000n);
  t.equal(object.globals['weights'], BigInt(weights));
  t.equal(object.globals['out_of_order'], 0n);
  t.same(object.globals['last'], command(1000, 1000));
  t.equal(ring.free, 4096);
});

t.test('a record that is being written holds up those after it', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('commands', UserRingBuf);
  const first = ring.reserve(24);
  ring.write(command(2), 'command');
  testRun(object.program('drain'));
  t.equal(object.globals['taken'], 0n);
  first.bytes.fill(0);
  new DataView(first.bytes.buffer, first.bytes.byteOffset).setBigUint64(0, 1n, true);
  first.submit();
  testRun(object.program('drain'));
  t.equal(object.globals['taken'], 2n);
  t.throws(() => first.submit(), { name: 'TypeError', message: /already/ });
  t.throws(() => first.discard(), { name: 'TypeError', message: /already/ });
});

t.test('a full ring: an error that says so, or a wait until it is drained', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('commands', UserRingBuf);
  let count = 0;
  while (ring.free >= 32) ring.write(command(++count), 'command');
  t.equal(count, 128);
  t.throws(() => ring.write(command(129), 'command'), RingFullError);
  t.throws(() => ring.reserve(5000), { name: 'RangeError', message: /never fits; the most is 4088/ });
  await t.rejects(ring.reserveWhenFree(24, { timeoutMs: 30 }), RingFullError, 'nobody drains');
  await t.rejects(ring.reserveWhenFree(24, { signal: AbortSignal.timeout(30) }), { name: 'TimeoutError' });

  setTimeout(() => testRun(object.program('drain')), 30);
  const start = process.cpuUsage();
  const record = await ring.reserveWhenFree(4000, { timeoutMs: 5000 });
  t.ok(process.cpuUsage(start).user < 25_000, 'it does not spin');
  record.discard();
  t.equal(object.globals['taken'], 128n);
});

t.test('values of the wrong shape, closed rings', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('commands', UserRingBuf);
  t.throws(() => ring.write({ seq: 'one' }, 'command'), { name: 'TypeError', message: /seq/ });
  t.throws(() => ring.write({}, 'no_such'), { name: 'TypeError', message: /no type no_such/ });
  t.equal(ring.free, 4096, 'nothing was reserved for them');
  const record = ring.reserve(8);
  ring.close();
  ring.close();
  record.submit();
  t.same(record.bytes, new Uint8Array(8), 'closed memory reads as zeros');
  t.throws(() => ring.reserve(8), { name: 'TypeError', message: /closed/ });
});
