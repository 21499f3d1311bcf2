import t, { type Test } from 'tap';
import {
  DamagedBufferError,
  EventGroup,
  PerfEventArray,
  RingBuf,
  RingFullError,
  UserRingBuf,
} from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { Errno, liveSys, MAP_SHARED, PROT_READ, PROT_WRITE } from '../src/syscall/index.js';
import { failingSys } from './failing-sys.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';
import { until } from './until.js';

const open = (): BpfObject => BpfObject.open(fixture('test-ring-bench')).load();

t.test('a ring whose position was written by another is an error, and closes its reader', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const ring = object.map('ring', RingBuf);
  testRun(object.program('emit_ring'), 10);
  const page = liveSys().mmap(ring.fd, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
  if (typeof page === 'number') throw new Error(`mmap: ${page}`);
  const position = new BigUint64Array(page.buffer, 0, 1);

  position[0] = 1n << 20n;
  const ahead = ring.raw().reader();
  t.throws(() => ahead.consume(() => {}), DamagedBufferError, 'ahead of the producers');
  t.ok(ahead.closed);

  // Within a record: its 64 bytes are read as headers.
  position[0] = 40n;
  const inside = ring.raw().reader();
  t.throws(() => inside.consume(() => {}), { name: 'DamagedBufferError', message: /map ring: a record of/ });

  position[0] = 0n;
  using again = ring.raw().reader();
  t.equal(
    again.consume(() => {}),
    10,
  );
  page.close();
});

/** Opens and closes with the first call failing, then the second, until none does; each time what is open afterwards is what was before. */
async function everyCallFails(
  t: Test,
  name: string,
  use: (object: BpfObject) => { close(): void } | Promise<{ close(): void }>,
): Promise<void> {
  const failing = failingSys(liveSys());
  using object = BpfObject.open(fixture(name), { sys: failing.sys }).load();
  const before = failing.open.size;
  let refusals = 0;
  for (let n = 1; ; n++) {
    failing.failAt(n, Errno.EIO);
    try {
      (await use(object)).close();
    } catch (error) {
      refusals++;
      t.match(error, { name: 'BpfError', errnoName: 'EIO' }, `call ${n}`);
    }
    t.equal(failing.open.size, before, `nothing is left open after call ${n} failed`);
    if (failing.calls < n) throw new Error('calls are not counted');
    if (refusals < n) break;
  }
  t.ok(refusals > 0, `${refusals} calls were made to fail`);
  t.same(failing.strayCloses, []);
}

t.test('any call that fails is an error, and leaves nothing open', async t => {
  if (!needs(t, { bpf: true })) return;
  const ring = 'test-ring-bench';
  await everyCallFails(t, ring, object => object.map('ring', RingBuf).on(() => {}));
  await everyCallFails(t, ring, object => object.map('perf', PerfEventArray).on(() => {}));
  await everyCallFails(t, ring, object => {
    const reader = object.map('perf', PerfEventArray).on(() => {}, { overwrite: true });
    try {
      testRun(object.program('emit_perf'), 100);
      reader.consume();
    } catch (error) {
      reader.close();
      throw error;
    }
    return reader;
  });
  await everyCallFails(t, ring, object => {
    const group = new EventGroup();
    try {
      object.map('ring', RingBuf).on(() => {}, { group });
      object.map('perf', PerfEventArray).on(() => {}, { group });
    } catch (error) {
      group.close();
      throw error;
    }
    return group;
  });
  await everyCallFails(t, 'test-user-ring', object => {
    object.map('commands', UserRingBuf).reserve(8).discard();
    return { close: () => {} };
  });
});

t.test(
  'a wait for room in a user ring: any call that fails is an error, and leaves nothing open',
  async t => {
    if (!needs(t, { bpf: true })) return;
    await everyCallFails(t, 'test-user-ring', async object => {
      const ring = object.map('commands', UserRingBuf);
      if (ring.free === ring.maxEntries) ring.reserve(ring.maxEntries - 8).discard();
      await ring.reserveWhenFree(8, { timeoutMs: 1 }).catch(error => {
        if (!(error instanceof RingFullError)) throw error;
      });
      return { close: () => {} };
    });
  },
);

t.test('a group goes on when a reader could not join it', async t => {
  if (!needs(t, { bpf: true })) return;
  const failing = failingSys(liveSys());
  using one = open();
  using two = BpfObject.open(fixture('test-ring-bench'), { sys: failing.sys }).load();
  using group = new EventGroup();
  let count = 0;
  one.map('ring', RingBuf).on(() => count++, { group });
  for (let n = 1; n < 20; n++) {
    failing.failAt(n, Errno.EMFILE);
    try {
      two.map('ring', RingBuf).on(() => {}, { group });
      break;
    } catch (error) {
      t.match(error, { name: 'BpfError', errnoName: 'EMFILE' });
      t.equal(group.size, 1);
    }
  }
  t.equal(group.size, 2);
  testRun(one.program('emit_ring'), 10);
  await until(() => count >= 10);
  t.equal(count, 10);
});
