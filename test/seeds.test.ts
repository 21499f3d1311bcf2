import { spawn, spawnSync } from 'node:child_process';
import { openSync, readFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfObject } from '../src/index.js';
import { waitingChild } from './child.js';
import { command, Running, rawbpf, startRawbpf } from './cli-process.js';
import { needs, run, which } from './live.js';
import { fixture, repository } from './repository.js';
import { recordSeed } from './seed-row.js';
import { traceLock } from './trace-lock.js';

/** The README's table of what the documents do that the project was born from: each command beside ours, both run here. */
const object = fixture('opensnoop');
const file = basename(object);
const lines = (text: string) => text.split('\n').map(line => line.trimEnd());
const devNull = openSync('/dev/null', 'w');
const words = (line: string) => line.trim().split(/\s+/);

t.test('readelf of an object', async t => {
  if (!needs(t, { tools: ['readelf'] })) return;
  const section = 'tracepoint/syscalls/sys_enter_open ';
  const theirs = lineWith(run('readelf', '-SW', object), section);
  const [, sections = ''] = rawbpf('inspect', '--elf', object).stdout.split('\nSections\n');
  const ours = lineWith(sections, section);
  const [, number, name, type, , offset, size] = words(theirs.replace('[', '[ ')).map(w =>
    w.replace(']', ''),
  );
  const [ourNumber, ourName, ourType, ourOffset, ourSize] = words(ours);
  t.same([ourNumber, ourName, ourType], [number, name, type]);
  t.same([ourOffset, ourSize].map(Number), [`0x${offset}`, `0x${size}`].map(Number));
  recordSeed(
    t,
    { command: `readelf -SW ${file}`, prints: theirs },
    { command: `rawbpf inspect --elf ${file}`, prints: ours },
  );
});

t.test('bpftool while opensnoop runs', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const opensnoop = startRawbpf('run', object, '--json', '--set', `targ_tgid=${process.pid}`);
  t.teardown(() => opensnoop.stop());
  await opensnoop.until(running => running.stderr.includes('attached'));
  const ids = opensnoop.bpfIds();
  compareList(t, 'prog', ids.prog);
  compareList(t, 'map', ids.map);
  const id = String(Math.min(...ids.prog));
  const theirs = lines(run('bpftool', 'prog', 'dump', 'xlated', 'id', id, 'linum'));
  const ours = lines(rawbpf('prog', 'dump', 'xlated', 'id', id, 'linum').stdout);
  t.same(ours, theirs);
  const prints = theirs.find(line => line.includes('map[id:')) ?? '';
  recordSeed(
    t,
    { command: 'bpftool prog dump xlated id 159 linum', prints },
    { command: 'rawbpf prog dump xlated id 159 linum', prints },
  );
});

/** What both list of these programs or maps. */
function compareList(t: Test, kind: 'prog' | 'map', ids: readonly number[]): void {
  const blocks = (text: string) =>
    `\n${text}`
      .split(/\n(?=\d+: )/)
      .filter(block => ids.includes(Number.parseInt(block, 10)))
      .map(block => lines(block.trimEnd()));
  // One by one, because in a list bpftool says of a map without BTF that it has that of the map before.
  const theirs = ids
    .toSorted((a, b) => a - b)
    .map(id => lines(run('bpftool', kind, 'show', 'id', String(id)).trimEnd()));
  const ours = blocks(rawbpf(kind, 'list').stdout);
  t.equal(ours.length, ids.length);
  // We say more: the processes, the names of flags, BTF where only the map has it.
  for (const [i, block] of ours.entries()) {
    t.ok(block.some(line => /^\tpids node\(\d+\)/.test(line)));
    const plain = block.map(line => line.replace(/ \([a-z_, ]+\)$/, ''));
    for (const line of theirs[i] ?? []) t.ok(plain.includes(line), line);
  }
  const [first = []] = theirs.filter(([line]) => kind === 'prog' || line?.includes('name start'));
  const prints = first[0] ?? '';
  recordSeed(t, { command: `bpftool ${kind} list`, prints }, { command: `rawbpf ${kind} list`, prints });
}

t.test('strace of bpf()', async t => {
  if (!needs(t, { bpf: true, tools: ['strace'] })) return;
  const trace = join(t.testdir(), 'trace');
  const options = ['-f', '-o', trace, '-e', 'trace=bpf', process.execPath, command];
  const { status, stderr } = spawnSync(which('strace') ?? '', [
    ...options,
    ...['run', object, '--syscalls', '--duration', '0.1'],
  ]);
  t.equal(status, 0);
  const call = 'bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH';
  // The types of keys and values come after what strace 6.1 knows to be of use.
  const [theirs = ''] = lineWith(readFileSync(trace, 'utf8'), call)
    .replace(/^\d+ +/, '')
    .split(', map_ifindex');
  const [ours = ''] = lineWith(String(stderr), call).split(', map_ifindex');
  t.match(theirs, 'map_name="start"');
  t.equal(ours, theirs);
  const prints = `${theirs}, …`;
  recordSeed(
    t,
    { command: 'strace -e bpf ./opensnoop', prints },
    { command: `rawbpf run --syscalls ${file}`, prints },
  );
});

t.test('trace_pipe', async t => {
  if (!needs(t, { bpf: true, tools: ['unshare'] })) return;
  await traceLock(t);
  using minimal = BpfObject.open(fixture('minimal'));
  minimal.globals['pid_filter'] = process.pid;
  minimal.load();
  minimal.attach();
  const pipe = '/sys/kernel/tracing/trace_pipe';
  const cat = `test -e ${pipe} || mount -t tracefs tracefs /sys/kernel/tracing; exec cat ${pipe}`;
  const unshared = ['--mount', '--propagation', 'private', 'sh', '-c', cat];
  const theirs = await firstLine(new Running(spawn('unshare', unshared)));
  const ours = await firstLine(startRawbpf('trace-pipe'));
  const steady = (line: string) =>
    line.replace(/\d+\.\d+(?=: bpf_trace_printk)/, '').replace(/\[\d+\] \S+/, '');
  t.equal(steady(ours), steady(theirs));
  recordSeed(
    t,
    { command: 'cat /sys/kernel/debug/tracing/trace_pipe', prints: theirs },
    { command: 'rawbpf trace-pipe', prints: ours },
  );
});

/** The first line about this process, which writes until it comes. */
async function firstLine(reader: Running): Promise<string> {
  const mine = (text: string) => lineWith(text, `PID ${process.pid}.`);
  const writing = setInterval(() => writeSync(devNull, '.'), 20);
  try {
    await reader.until(({ stdout }) => mine(stdout) !== '');
  } finally {
    clearInterval(writing);
    await reader.stop();
  }
  return mine(reader.stdout);
}

t.test('opensnoop', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftrace', 'unshare'] })) return;
  const name = `no-such-file-${process.pid}`;
  const child = waitingChild(`< ${name}; true`);
  t.teardown(() => child.close());
  const script = `tracepoint:syscalls:sys_enter_openat /pid == ${child.pid}/ { printf("%d %s %s\\n", pid, comm, str(args->filename)); }`;
  const tracefs = 'test -e /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing';
  const theirs = new Running(
    spawn('unshare', [
      ...['--mount', '--propagation', 'private', 'sh', '-c'],
      `${tracefs}; exec bpftrace -e "$0"`,
      script,
    ]),
  );
  await theirs.until(({ stdout }) => stdout.includes('Attaching'));
  const ours = startRawbpf(
    'run',
    object,
    ...['--count', '1', '--set', `targ_tgid=${child.pid}`, '--set', 'targ_failed=true'],
  );
  await ours.until(({ stderr }) => stderr.includes('attached'));
  await child.release();
  t.equal(await ours.finished, 0, ours.stderr);
  await theirs.until(({ stdout }) => stdout.includes(name));
  await theirs.stop();
  const our = lineWith(ours.stdout, name);
  const their = lineWith(theirs.stdout, name);
  t.match(words(our), { length: words(our).length });
  for (const word of words(their)) t.ok(words(our).includes(word), word);
  recordSeed(
    t,
    { command: "bpftrace -e 'tracepoint:syscalls:sys_enter_openat { … }'", prints: short(their, 1, name) },
    { command: `rawbpf run ${file}`, prints: short(our, 3, name) },
  );
});

t.test('ecc and ecli', async t => {
  if (!needs(t, { bpf: true, tools: ['clang'], headers: ['bpf/bpf_helpers.h'] })) return;
  const json = join(t.testdir(), 'package.json');
  const written = rawbpf('package', join(repository, 'bpf/minimal.bpf.c'), '-o', json);
  t.equal(written.status, 0, written.stderr);
  const there = 'not installable here';
  recordSeed(
    t,
    { command: './ecc minimal.bpf.c', prints: there },
    { command: 'rawbpf package minimal.bpf.c -o package.json', prints: '' },
  );
  await traceLock(t);
  const child = waitingChild('echo .');
  t.teardown(() => child.close());
  const running = startRawbpf('run', json, '--pid-filter', String(child.pid), '--count', '1');
  await running.until(({ stderr }) => stderr.includes('attached'));
  await child.release();
  t.equal(await running.finished, 0, running.stderr);
  const line = lineWith(running.stdout, `PID ${child.pid}.`);
  t.match(line, 'BPF triggered sys_enter_write');
  recordSeed(
    t,
    { command: 'sudo ./ecli run package.json', prints: there },
    { command: 'rawbpf run package.json', prints: line },
  );
});

/** The line without the times and pids that it begins with, and with a path as a document would have it. */
function short(line: string, numbers: number, name: string): string {
  return ['…', ...words(line.replace(name, '/etc/hosts')).slice(numbers)].join(' ');
}

function lineWith(text: string, part: string): string {
  return lines(text).find(line => line.includes(part)) ?? '';
}
