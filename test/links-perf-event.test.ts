import { existsSync } from 'node:fs';
import t, { type Test } from 'tap';
import { onlineCpus } from '../src/kernel/index.js';
import type { PerfEventTarget } from '../src/programs/links/probes/perf-event.js';
import { BpfError, liveSys, perfEventOpen } from '../src/syscall/index.js';
import { needs, run } from './live.js';
import { openFds } from './open-fds.js';
import { hasCookies, leavesNothing, type ProbeObject, probeObject } from './probe-object.js';
import { sectionRow } from './section-row.js';

const cookie = hasCookies() ? { cookie: 5n } : {};
const self = { pid: process.pid } as const;

/** Time that this thread spends running, which clocks count. */
function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Memory that stays taken, so that what is taken next is new to this process. */
const taken: Uint8Array[] = [];

function touchNewMemory(): void {
  taken.push(Buffer.allocUnsafeSlow(1 << 22).fill(1));
}

function shows(t: Test, probe: ProbeObject, target: Omit<PerfEventTarget, 'kind'>, cause: () => void): void {
  const link = probe.program.attachTo({ kind: 'perf_event', ...target });
  t.ok(probe.runsAt(cause), `it runs at ${link.target}`);
  link.close();
  probe.runs();
  cause();
  t.equal(probe.runs(), 0, 'no more once closed');
}

await sectionRow(t, ['perf_event'], t => {
  using probe = probeObject('on_event');
  const fds = openFds();
  shows(t, probe, { event: 'cpu-clock', frequency: 999, ...cookie }, () => spin(100));
  t.same(probe.cookies(), [hasCookies() ? 5 : 0]);
  shows(t, probe, { event: 'task-clock', period: 1_000_000, ...self }, () => spin(50));
  shows(t, probe, { event: 'page-faults', ...self }, touchNewMemory);
  shows(t, probe, { event: { type: 1, config: 0, sample_freq: 999n, freq: 1 }, ...self }, () => spin(100));
  t.same(openFds(), fds, 'no fd is left');
});

t.test('an event for each CPU is one link; one event has info', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using probe = probeObject('on_event');
  const events = (): number => openFds().filter(fd => fd.includes('[perf_event]')).length;
  const before = events();
  const all = probe.program.attachTo({ kind: 'perf_event', event: 'cpu-clock' });
  t.equal(events() - before, onlineCpus().length);
  if (onlineCpus().length > 1)
    t.throws(() => all.info(), { message: /not one BPF link but an event for each of \d+ CPUs; give cpu/ });
  all.close();
  t.equal(events(), before);
  const one = probe.program.attachTo({ kind: 'perf_event', event: 'cpu-clock', cpu: 0 });
  t.equal(events() - before, 1);
  if (!one.isBpfLink) return;
  const info = one.info();
  t.match(info, { typeName: 'perf_event' });
  const theirs = JSON.parse(run('bpftool', '-j', 'link', 'show', 'id', String(info.id)));
  t.match(theirs, { type: 'perf_event', prog_id: probe.program.info().id });
});

t.test('a breakpoint runs the program when its bytes are written', async t => {
  if (!needs(t, { bpf: true })) return;
  using probe = probeObject('on_event');
  const memory = new Uint8Array(new BigUint64Array(8).buffer);
  const address = liveSys().addressOf(memory);
  const written = () => {
    memory[0]!++;
  };
  try {
    shows(t, probe, { event: 'breakpoint', address, length: 1, ...self }, written);
  } catch (error) {
    if (!(error instanceof BpfError) || error.errnoName !== 'EOPNOTSUPP') throw error;
    t.comment(error.message);
  }
  t.throws(
    () =>
      probe.program.attachTo({ kind: 'perf_event', event: 'breakpoint', address: 3n, length: 8, ...self }),
    /not aligned to its length/,
  );
});

t.test('the fd of an open event is taken over', async t => {
  if (!needs(t, { bpf: true })) return;
  const before = openFds();
  const sys = liveSys();
  using probe = probeObject('on_event');
  const fd = perfEventOpen(sys, { type: 1, config: 1, sample_period: 1_000_000 }, process.pid, -1, -1);
  const link = probe.program.attachTo({ kind: 'perf_event', event: fd });
  t.ok(probe.runsAt(() => spin(30)));
  link.close();
  t.throws(() => probe.program.attachTo({ kind: 'perf_event', event: fd }), /fd \d+.*is not a perf event/);
  probe[Symbol.dispose]();
  t.same(openFds(), before);
});

t.test('what cannot be is named', async t => {
  if (!needs(t, { bpf: true })) return;
  using probe = probeObject('on_event');
  const attach = (target: object) => () =>
    probe.program.attachTo({ kind: 'perf_event', ...target } as PerfEventTarget);
  t.throws(attach({ event: 'page-fault' }), /none named "page-fault"; near it are page-faults/);
  t.throws(attach({ event: 'cpu-clock', frequency: 1, period: 1 }), /frequency or period/);
  t.throws(attach({ event: 'cpu-clock', address: 1n }), /cpu-clock is no breakpoint/);
  t.throws(attach({ event: 'breakpoint' }), /give its address/);
  t.throws(attach({ event: 'breakpoint', address: 8n, access: 'q' }), /none of r, w, rw, x/);
  t.throws(attach({ event: { type: 1, freq: 2 } }), /freq: 2 does not fit 1 bits/);
  t.throws(attach({ event: { type: 1 }, frequency: 9 }), /frequency goes with an event by its name/);
  t.throws(attach({ event: 'cpu-clock', pid: 0x3fffffff }), /there is no process 1073741823/);
  t.throws(attach({ event: 'cpu-clock', cpu: 4095 }), /CPU 4095/);
  t.throws(attach({ event: 'cpu-clock', mode: 'perf', cookie: 1n }), /mode 'perf' has none/);
  if (!existsSync('/sys/bus/event_source/devices/cpu'))
    for (const event of ['cpu-cycles', 'LLC-load-misses', 'r01c2'])
      t.throws(attach({ event }), {
        code: 'ERR_RAWBPF_UNSUPPORTED_FEATURE',
        message: /no PMU that counts it/,
      });
});

t.test('whichever call fails, nothing is left', async t => {
  if (!needs(t, { bpf: true })) return;
  leavesNothing(t, 'on_event', { kind: 'perf_event', event: 'cpu-clock' });
});
