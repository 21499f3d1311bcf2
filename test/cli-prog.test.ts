import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfObject, createMap } from '../src/index.js';
import { ownBpffs } from './bpffs.js';
import { rawbpf, startRawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

t.setTimeout(120_000);

/** A folder of the test's own. */
function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'rawbpf-prog-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** bpffs has two files of its own in a folder that it is mounted at. */
const pinsIn = (path: string): string[] =>
  readdirSync(path)
    .filter(name => !name.endsWith('.debug'))
    .sort();

function loaded(t: Test, name: string, program: string): BpfObject {
  const object = BpfObject.open(fixture(name)).load({ programs: [program], pinRoot: false });
  t.teardown(() => object.close());
  return object;
}

t.test('prog run prints what bpftool prints', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const program = loaded(t, 'test-run', 'swap_mark').program('swap_mark');
  const id = String(program.info().id);
  const packet = join(folder(t), 'packet');
  writeFileSync(
    packet,
    Uint8Array.from({ length: 40 }, (_, i) => (i * 11) & 0xff),
  );
  const args = ['prog', 'run', 'id', id, 'data_in', packet, 'data_out', '-', 'repeat', '3'];
  const timeless = (text: string): string => text.replace(/\d+ns|"duration": ?\d+/g, 'time');
  t.equal(timeless(rawbpf(...args).stdout), timeless(run('bpftool', ...args)));
  const [ours, theirs] = [rawbpf(...args, '--json').stdout, run('bpftool', '-j', ...args)].map(text => {
    const { duration, ...rest } = JSON.parse(text);
    t.type(duration, 'number');
    return rest;
  });
  t.same(ours, theirs);
});

t.test('prog run has contexts in files, in and out', async t => {
  if (!needs(t, { bpf: true })) return;
  const program = loaded(t, 'test-run', 'swap_mark').program('swap_mark');
  const id = String(program.info().id);
  const files = folder(t);
  const [packet, context, after] = ['packet', 'context', 'after'].map(name => join(files, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(packet, new Uint8Array(64));
  // `struct __sk_buff`: mark is its third word.
  writeFileSync(
    context,
    Uint8Array.from({ length: 192 }, (_, i) => (i === 8 ? 41 : 0)),
  );
  const { status, stdout, stderr } = rawbpf(
    'prog',
    'run',
    id,
    'data_in',
    packet,
    'ctx_in',
    context,
    'ctx_out',
    after,
  );
  t.same([status, stderr], [0, '']);
  t.match(stdout, /^Return value: 41, duration: \d+ns\n$/);
  t.equal(readFileSync(after).readUInt32LE(8), 42);
  for (const [args, message] of [
    [['data_in', '-', 'ctx_in', '-'], /cannot both be standard input/],
    [['data_in', join(files, 'none')], /no such file/],
    [['repeat', 'x'], /repeat x: must be a number/],
    [['data'], /data: not expected here/],
    [['data_in'], /the file of data_in is missing/],
  ] as const)
    t.match(rawbpf('prog', 'run', id, ...args), { status: 1, stdout: '', stderr: message });
});

t.test('loadall pins programs, or links, and maps; nothing stays when something is refused', async t => {
  if (!needs(t, { bpf: true })) return;
  const bpffs = ownBpffs(t);
  const object = fixture('opensnoop');
  const [programs, maps] = [join(bpffs, 'programs'), join(bpffs, 'maps')];
  t.same(rawbpf('prog', 'loadall', object, programs, 'autoattach', 'pinmaps', maps), {
    status: 0,
    stdout: '',
    stderr: '',
  });
  t.same(pinsIn(maps), ['events', 'opensnoo_rodata', 'start']);
  t.equal(pinsIn(programs).length, BpfObject.open(object).spec.programs.length);
  for (const name of pinsIn(programs)) {
    const link = JSON.parse(
      rawbpf('link', 'show', 'pinned', join(programs, name), '--json', '--bpffs').stdout,
    );
    t.match(link, { type: 'perf_event', pinned: [join(programs, name)] });
  }
  t.match(rawbpf('prog', 'loadall', object, programs), { status: 1, stderr: /is there already/ });
  const other = join(bpffs, 'other');
  t.match(rawbpf('prog', 'loadall', object, other, 'pinmaps', maps), {
    status: 1,
    stderr: /is there already/,
  });
  t.notOk(existsSync(other), 'the folder and its pins are gone');
  for (const path of [programs, maps]) rmSync(path, { recursive: true });
});

t.test('load pins one program, of a type and with maps that are there already', async t => {
  if (!needs(t, { bpf: true })) return;
  const bpffs = ownBpffs(t);
  const path = join(bpffs, 'one');
  using start = createMap({ type: 'hash', key: 4, value: 16, maxEntries: 10240, name: 'mine' });
  const id = start.info().id;
  const object = fixture('opensnoop');
  t.same(rawbpf('prog', 'load', object, path, 'map', 'name', 'start', 'id', String(id)).stderr, '');
  t.ok(JSON.parse(rawbpf('prog', 'show', path, '--json').stdout).map_ids.includes(id));
  rmSync(path);
  t.same(rawbpf('prog', 'load', fixture('minimal'), path, 'type', 'perf_event').stderr, '');
  t.match(JSON.parse(rawbpf('prog', 'show', path, '--json').stdout), { type: 'perf_event' });
  rmSync(path);
  for (const [args, message] of [
    [['map', 'name', 'none', 'id', String(id)], /map none: there is none; there is 0 start/],
    [['map', 'idx', '99', 'id', String(id)], /map 99: there is none/],
    [['map', 'idx', '0', 'id', String(id), 'map', 'name', 'start', 'id', String(id)], /more than once/],
    [['map', 'start', 'id', String(id)], /say idx NUMBER or name NAME, not start/],
    [['type', 'none'], /type none: is no type of program/],
    [['autoattached'], /autoattached: not expected here/],
  ] as const)
    t.match(rawbpf('prog', 'load', object, path, ...args), { status: 1, stderr: message });
  t.notOk(existsSync(path));
});

t.test('programs and links are pinned', async t => {
  if (!needs(t, { bpf: true })) return;
  const bpffs = ownBpffs(t);
  const object = loaded(t, 'minimal', 'handle_tp');
  const [link] = object.attach();
  const [program, attached] = [join(bpffs, 'program'), join(bpffs, 'link')];
  t.same(rawbpf('prog', 'pin', 'id', String(object.program('handle_tp').info().id), program).stderr, '');
  t.same(rawbpf('link', 'pin', 'id', String(link?.info().id), attached).stderr, '');
  object.close();
  t.match(JSON.parse(rawbpf('link', 'show', attached, '--json', '--bpffs').stdout), { pinned: [attached] });
  t.match(rawbpf('prog', 'pin', program), { status: 1, stderr: /the path to pin it at is missing/ });
  for (const path of [program, attached]) rmSync(path);
});

t.test('programs go to sockmaps and off them', async t => {
  if (!needs(t, { bpf: true })) return;
  const object = loaded(t, 'test-links-sockets', 'msg');
  using map = createMap({ type: 'sockhash', key: 4, value: 4, maxEntries: 4 });
  const program = object.program('msg');
  const where = [`${program.info().id}`, 'msg_verdict', 'id', `${map.info().id}`];
  t.same(rawbpf('prog', 'attach', ...where), { status: 0, stdout: '', stderr: '' });
  t.same(rawbpf('prog', 'detach', ...where), { status: 0, stdout: '', stderr: '' });
  t.match(rawbpf('prog', 'detach', ...where), { status: 1, stderr: /this program is not attached there/ });
  t.match(rawbpf('prog', 'attach', where[0] as string, 'verdict', 'id', '1'), {
    status: 1,
    stderr: /attach type verdict: must be one of stream_parser/,
  });
});

t.test('prog stat counts runs', async t => {
  if (!needs(t, { bpf: true })) return;
  const program = loaded(t, 'test-run', 'swap_mark').program('swap_mark');
  const { id, tag } = program.info();
  const before = program.info().runCount;
  const running = startRawbpf('prog', 'stat', 'id', String(id), '--json');
  await running.until(({ stderr }) => stderr.includes('counting until Ctrl-C'));
  program.testRun({ data: new Uint8Array(64), repeat: 100 });
  await running.stop();
  const ran = Number(program.info().runCount - before);
  t.match(JSON.parse(running.stdout), { id, tag, name: 'swap_mark', type: 'sched_cls', run_cnt: ran });
  const text = rawbpf('prog', 'stat', String(id), '--duration', '0.01').stdout;
  t.match(text, new RegExp(`id +type +name +runs +ns +ns/run\n *${id} +sched_cls +swap_mark +0 +0 +0\n`));
});
