import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { BpfFlags } from '../../src/abi/index.js';
import { BpfObject, createMap, RingBuf } from '../../src/index.js';
import { fixture } from '../repository.js';
import { runElsewhere } from '../run-elsewhere.js';
import { randomly } from '../stress.js';
import { testRun } from '../test-run.js';

const SIZE = 16 * 1024;
const [major = 0, minor = 0] = release().split('.').map(Number);
/** What bpf/test-ring-overwrite.bpf.c counts. */
type Count = 'next' | 'dropped' | 'bytes' | 'holding';

/** A ring that overwrites, and the programs of a fixture that fill it; on an older kernel tests that it is refused. */
function load(t: Test, name: string, maxEntries: number): BpfObject | undefined {
  const make = () => createMap({ type: 'ringbuf', maxEntries, flags: ['rb_overwrite'], kind: RingBuf });
  if (major < 6 || (major === 6 && minor < 19)) {
    t.throws(make, { code: 'ERR_RAWBPF_UNSUPPORTED_FEATURE', message: /overwrite.*since Linux 6\.19/ });
    return undefined;
  }
  const ring = make();
  t.teardown(() => ring.close());
  return BpfObject.open(fixture(name)).load({ maps: { ring: { reuse: ring } } });
}

const counted = (object: BpfObject, name: Count): number => Number(object.globals[name]);

/** Takes records by hand or as they come, and notes what is not as the program wrote it. */
class Checker {
  readonly faults: string[] = [];
  readonly seqs: number[] = [];
  bytes = 0;
  readonly raw = (memory: Uint8Array, offset: number, length: number): void => {
    const view = new DataView(memory.buffer, memory.byteOffset + offset, length);
    const seq = view.getBigUint64(0, true);
    const number = Number(seq);
    if (length !== 8 && length !== (number % 2 ? 48 : 136))
      this.faults.push(`record ${number}: ${length} bytes`);
    for (let at = 8; at < length; at += 8)
      if (view.getBigUint64(at, true) !== seq) this.faults.push(`record ${number}: changed at ${at}`);
    if (number <= (this.seqs.at(-1) ?? -1)) this.faults.push(`${number} after ${this.seqs.at(-1)}`);
    this.seqs.push(number);
    this.bytes += length + 8;
  };
}

t.test(`Linux ${release()}: a ring that overwrites keeps the newest records, each once`, async t => {
  using object = load(t, 'test-ring-overwrite', SIZE);
  if (!object) return;
  const check = new Checker();
  using reader = object.map('ring', RingBuf).raw().reader();
  const emit = (count: number): number => testRun(object.program('emit'), count, BpfFlags.BPF_RB_NO_WAKEUP);
  emit(40);
  t.equal(reader.available, 40 * 100);
  t.equal(reader.consume(check.raw), 38);
  t.match(reader.metrics(), { received: 38, discarded: 2, overwritten: 0, available: 0, capacity: SIZE });

  emit(10_000);
  t.ok(reader.available <= SIZE && reader.available > SIZE - 160, `${reader.available} wait`);
  check.seqs.length = 0;
  const kept = reader.consume(check.raw);
  t.ok(kept > 140 && kept < 164, `${kept} kept`);
  t.equal(check.seqs.at(-1), 10_039);
  t.equal(check.seqs.length, kept);

  for (let round = 0; round < 200; round++) {
    emit(1 + ((round * 37) % 400));
    reader.consume(check.raw);
  }
  t.same(check.faults, []);
  const { received, discarded, overwritten, available } = reader.metrics();
  t.equal(counted(object, 'dropped'), 0);
  // Of the discarded ones, which have 56 bytes, those that were seen.
  t.equal(check.bytes + discarded * 56 + overwritten, counted(object, 'bytes'));
  t.ok(overwritten > 0);
  t.equal(available, 0);
  t.ok(received > 1000);

  emit(20);
  let last = 0;
  const closing = object.map('ring', RingBuf).raw().reader();
  closing.consume((memory, offset) => {
    last = new DataView(memory.buffer, memory.byteOffset).getUint32(offset, true);
    closing.close();
  });
  check.seqs.length = 0;
  reader.consume(check.raw);
  t.equal(check.seqs[0], last + ((last + 1) % 16 === 15 ? 2 : 1), 'the next reader goes on where one closed');
});

t.test(`Linux ${release()}: a ring that overwrites while it is read`, async t => {
  using object = load(t, 'test-ring-overwrite', SIZE);
  if (!object) return;
  const check = new Checker();
  const ring = object.map('ring', RingBuf);
  using reader = ring.raw().on(check.raw);
  // With as many CPUs as processes, while records are copied; else the producer is interrupted where it may be.
  const done = runElsewhere(object.program('emit'), 300, 1000);
  let running = true;
  const stop = (): void => {
    running = false;
  };
  done.then(stop, stop);
  while (running) {
    await sleep(1);
    reader.consume();
  }
  await done;
  await sleep(20);
  t.same(check.faults.slice(0, 10), []);
  const { discarded, overwritten, available } = reader.metrics();
  t.equal(available, 0, 'the last records woke the reader');
  t.equal(counted(object, 'next'), 300_000);
  t.equal(check.bytes + discarded * 56 + overwritten, counted(object, 'bytes'));
  t.comment(`${check.seqs.length} of 300000 records read`);
});

t.test(`Linux ${release()}: a ring that overwrites, with a record that is not finished`, async t => {
  using object = load(t, 'test-ring-overwrite', SIZE);
  if (!object) return;
  const check = new Checker();
  using reader = object.map('ring', RingBuf).raw().on(check.raw);
  const done = runElsewhere(object.program('emit_slow'), 1, 3e8);
  let running = true;
  const stop = (): void => {
    running = false;
  };
  done.then(stop, stop);
  while (running && !counted(object, 'holding') && !check.seqs.length) await sleep(1);
  if (check.seqs.length) t.comment('one CPU: nothing runs while a record is held');
  const first = check.seqs.length;
  testRun(object.program('emit'), 1000);
  if (!first) {
    t.equal(reader.consume(), 0, 'what comes after waits');
    t.ok(counted(object, 'dropped') > 800, 'and is not overwritten, but refused');
  }
  await done;
  await sleep(50);
  t.equal(check.seqs[0], 0);
  t.same(check.faults, []);
  t.equal(reader.available, 0);
});

t.test(
  `Linux ${release()}: a ring that overwrites, with records of more bytes than are copied at a time`,
  async t => {
    using object = load(t, 'test-ring-records', 512 * 1024);
    if (!object) return;
    const random = randomly(11);
    const content = Uint8Array.from({ length: 65536 + 256 }, () => random(256));
    object.globals['content'] = [...content];
    using reader = object.map('ring', RingBuf).raw().reader();
    let sent: Uint8Array[] = [];
    let total = 0;
    for (let round = 0; round < 60; round++) {
      for (let i = random(40); i >= 0; i--) {
        const size = random(3) === 0 ? 65536 - random(9) : random(65536);
        const offset = random(256);
        t.equal(testRun(object.program('send_ring'), size, offset), 0);
        sent.push(content.subarray(offset, offset + size));
        total += (size + 15) & ~7;
      }
      const { available } = reader;
      const got: Uint8Array[] = [];
      while (reader.consume((bytes, offset, length) => got.push(bytes.slice(offset, offset + length))));
      const bytes = got.reduce((sum, { length }) => sum + ((length + 15) & ~7), 0);
      t.equal(bytes, available);
      sent = sent.slice(sent.length - got.length);
      t.ok(got.every((record, i) => Buffer.compare(record, sent[i]!) === 0));
      total -= bytes;
      sent.length = 0;
    }
    t.equal(reader.metrics().overwritten, total);
    t.ok(total > 0);
  },
);
