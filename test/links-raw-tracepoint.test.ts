import { statSync } from 'node:fs';
import t, { type Test } from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import { BpfObject, Kernel, liveSys } from '../src/index.js';
import { bpf } from '../src/syscall/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { MachineLacks, sectionRow } from './section-row.js';

// Guests without hardware virtualization take their time.
t.setTimeout(300_000);

function load(...programs: string[]): BpfObject {
  const object = BpfObject.open(fixture('test-links-raw-tracepoint'));
  object.globals['watched'] = process.pid;
  return object.load({ programs, pinRoot: false });
}

/** Attaches a program that counts system calls of this process, and lets it go again. */
function counts(t: Test, name: string): void {
  using object = load(name);
  const entered = (): bigint => object.globals['entered'] as bigint;
  const link = object.program(name).attach();
  t.match(link, { kind: 'raw_tracepoint', target: 'sys_enter', isBpfLink: true });
  const before = entered();
  statSync('/');
  t.ok(entered() > before, 'it sees system calls');
  link.close();
  const after = entered();
  statSync('/');
  t.equal(entered(), after, 'and no more once it is detached');
}

await sectionRow(t, ['raw_tp'], t => counts(t, 'by_short_name'));
await sectionRow(t, ['raw_tracepoint'], t => counts(t, 'by_long_name'));
await sectionRow(t, ['raw_tp.s'], t => counts(t, 'sleepable'));
await sectionRow(t, ['raw_tracepoint.s'], t => counts(t, 'sleepable_long'));

t.test('the program is told its cookie', async t => {
  if (!needs(t, { bpf: true })) return;
  const target = { kind: 'raw_tracepoint', name: 'sys_enter', cookie: 0xfedcba9876543210n } as const;
  if (Kernel.running(liveSys()).has('raw_tp_cookie')) {
    using object = load('with_cookie');
    using link = object.program('with_cookie').attachTo(target);
    statSync('/');
    t.equal(object.globals['cookie'], target.cookie);
    t.ok(link.isBpfLink);
  } else {
    using object = load('by_short_name');
    t.throws(() => object.program('by_short_name').attachTo(target), {
      name: 'UnsupportedFeatureError',
      message: /cookies of raw tracepoints \(since Linux 6\.10\)/,
    });
    t.same(object.program('by_short_name').links, []);
  }
});

/** Has a program change what running another by request answers. */
function writes(t: Test, name: string): void {
  using object = load(name);
  using other = BpfObject.open(fixture('test-links-life')).load({ programs: ['on_xdp'], pinRoot: false });
  const data_in = new Uint8Array(64);
  const run = (): number =>
    bpf(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, {
      prog_fd: other.program('on_xdp').fd,
      data_size_in: data_in.length,
      data_in,
      repeat: 1,
    });
  t.equal(run(), 0);
  object.globals['answer'] = -42;
  const link = object.program(name).attach();
  t.equal(run(), -42);
  link.close();
  t.equal(run(), 0);
}

await sectionRow(t, ['raw_tp.w'], t => writes(t, 'writing'));
await sectionRow(t, ['raw_tracepoint.w'], t => writes(t, 'writing_long'));

await sectionRow(t, ['lirc_mode2'], t => {
  using object = load('on_infrared');
  t.throws(() => object.program('on_infrared').attachTo({ kind: 'lirc', device: '/dev/null' }), {
    message: /no infrared receiver/,
  });
  throw new MachineLacks('no lirc device');
});
