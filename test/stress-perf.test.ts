import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import { Kernel } from '../src/kernel/index.js';
import { PerfEventArray } from '../src/maps/index.js';
import { BpfObject, type Program } from '../src/programs/index.js';
import { bpf, liveSys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { memory, type Producers, randomly, startProducers, stressCount, stressSeed } from './stress.js';
import { StressCheck } from './stress-check.js';

const count = stressCount(200_000, 0.1);
t.setTimeout(900_000);
const random = randomly(stressSeed);

t.test(
  `${count} perf-buffer records of two producers, a reader that stops, is closed and opened, seed ${stressSeed}`,
  {
    timeout: 900_000,
  },
  async t => {
    if (!needs(t, { bpf: true })) return;
    using object = BpfObject.open(fixture('test-stress')).load();
    const perf = object.map('perf', PerfEventArray);
    const program = object.program('produce_perf');
    const check = new StressCheck();
    const read = { lost: 0, readers: 0 };
    let before: Awaited<ReturnType<typeof memory>> | undefined;
    using producers = startProducers(program.fd, count, stressSeed);
    await producers.pause();
    while (producers.running) {
      const reader = perf.raw().reader({ pages: 4 << random(8) });
      producers.resume();
      await readForAWhile(reader, check, producers);
      await producers.pause();
      // The kernel tells of what it lost with the next record on that CPU.
      reader.consume(check.raw);
      for (const cpu of Kernel.running(liveSys()).onlineCpus) runOn(cpu, program);
      reader.consume(check.raw);
      read.lost += reader.lost;
      reader.close();
      read.readers++;
      // By then all that runs is compiled.
      if (!before && sum(object.globals['produced']) > count / 3) before = await memory();
    }
    await producers.done;

    const [produced = 0, full = 0, unheard = 0] = ['produced', 'full', 'unheard'].map(name =>
      sum(object.globals[name]),
    );
    const extra = read.readers * Kernel.running(liveSys()).onlineCpus.length;
    t.same(check.faults, []);
    t.equal(produced, count + extra);
    t.same([read.lost, unheard], [full, 0], 'the kernel told of each record that it refused');
    t.equal(check.received + read.lost, produced, `${check.received} received, ${read.lost} lost`);
    t.ok(check.received > count / 10, `${check.received} received`);
    const after = await memory();
    t.comment(`${read.readers} readers, ${check.received} received, ${read.lost} lost`, before, after);
    if (before) {
      t.ok(after.used - before.used < 6, `JavaScript's memory grew by ${after.used - before.used} MB`);
      t.ok(after.rss - before.rss < 48, `the process grew by ${after.rss - before.rss} MB`);
    }
  },
);

t.test(`perf-buffer readers closed while records come, seed ${stressSeed}`, { timeout: 300_000 }, async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-stress')).load();
  const perf = object.map('perf', PerfEventArray);
  const check = new StressCheck();
  let lost = 0;
  using producers = startProducers(object.program('produce_perf').fd, count / 10, stressSeed);
  while (producers.running) {
    using reader = perf.raw().reader({ pages: 4 << random(6) });
    await readForAWhile(reader, check, producers);
    lost += reader.lost;
  }
  await producers.done;
  const [full = 0, unheard = 0] = ['full', 'unheard'].map(name => sum(object.globals[name]));
  t.same(check.faults, []);
  t.ok(lost <= full, `${lost} of ${full} told as lost`);
  // What a buffer still holds when it is closed is gone.
  t.ok(check.received + full + unheard <= count / 10, `${check.received} received`);
  t.ok(check.received > 0);
});

type Reader = ReturnType<ReturnType<PerfEventArray['raw']>['reader']>;

async function readForAWhile(reader: Reader, check: StressCheck, producers: Producers): Promise<void> {
  if (random(2) === 0) {
    reader.on(check.raw);
    for (let i = random(4); i >= 0 && producers.running; i--) await sleep(random(40));
    return;
  }
  for (let i = random(60); i >= 0 && producers.running; i--) {
    reader.consume(check.raw);
    await (random(10) === 0 ? sleep(random(10)) : nextTurn());
  }
}

/** BPF_F_TEST_RUN_ON_CPU (include/uapi/linux/bpf.h) */
const onCpu = 1;

/** One record of the first producer, on a CPU. */
function runOn(cpu: number, program: Program): void {
  const context = new Uint8Array(BigUint64Array.of(0n, 1n).buffer);
  const record = { prog_fd: program.fd, ctx_in: context, ctx_size_in: context.length, flags: onCpu, cpu };
  const result = bpf(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, record);
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN on CPU ${cpu}: ${result}`);
}

function sum(values: unknown): number {
  return (values as bigint[]).reduce((total, value) => total + Number(value), 0);
}
