import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { BpfObject, listTaskFds, queryTaskFd } from '../src/programs/index.js';
import { nodeAs, rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { hasCookies, probeObject } from './probe-object.js';
import { fixture, repository } from './repository.js';
import { setting, uprobeSource } from './uprobe-setting.js';
import { compileUser } from './user-target.js';

// Processes start slowly on a busy machine.
t.setTimeout(120_000);

interface Listed {
  readonly pid: number;
  readonly fd: number;
  readonly [field: string]: unknown;
}

const ofThisProcess = (text: string): Listed[] =>
  (JSON.parse(text) as Listed[]).filter(({ pid }) => pid === process.pid).sort((a, b) => a.fd - b.fd);

t.test('what runs at perf events is listed as bpftool lists it', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'cc'] })) return;
  using tracepoint = probeObject('on_tp');
  tracepoint.program.attach();
  using life = BpfObject.open(fixture('test-links-life'));
  life
    .load({ programs: ['on_raw_tracepoint'], pinRoot: false })
    .program('on_raw_tracepoint')
    .attach();
  const { program, target } = await setting(t, 'on_entry');
  const uprobe = { kind: 'uprobe', binary: target.path, symbol: 'work_twice' } as const;
  program.attachTo(uprobe);
  program.attachTo({ ...uprobe, retprobe: true });

  const theirs = ofThisProcess(run('bpftool', '-j', 'perf', 'list'));
  const { status, stdout, stderr } = rawbpf('perf', 'list', '--json');
  t.same([status, stderr], [0, '']);
  t.same(ofThisProcess(stdout), theirs);
  const types = theirs.map(({ fd_type }) => fd_type);
  for (const type of ['tracepoint', 'raw_tracepoint', 'uprobe', 'uretprobe'])
    t.ok(types.includes(type), `a ${type} is among them`);

  const lines = (text: string) => text.split('\n').filter(line => line.startsWith(`pid ${process.pid} `));
  t.same(
    lines(rawbpf('perf', 'list').stdout).sort(),
    lines(run('bpftool', 'perf', 'list')).sort(),
    'and the text',
  );
  t.same(
    [...listTaskFds()].filter(({ pid }) => pid === process.pid).map(({ fd }) => fd),
    theirs.map(({ fd }) => fd),
  );
});

t.test('one fd is asked about', async t => {
  if (!needs(t, { bpf: true })) return;
  using tracepoint = probeObject('on_tp');
  const link = tracepoint.program.attach();
  const fds = [...listTaskFds()].filter(({ pid }) => pid === process.pid);
  t.equal(fds.length, 1, 'the perf event, not the link on it');
  const [found] = fds;
  t.match(found, {
    fdType: 'tracepoint',
    tracepoint: 'sys_enter_rmdir',
    programId: tracepoint.program.info().id,
  });
  if (hasCookies()) t.not(found?.fd, link.fd);
  t.same(queryTaskFd(process.pid, found?.fd ?? -1), found);
  const file = openSync('/', 'r');
  t.equal(queryTaskFd(process.pid, file), undefined, 'a folder lets nothing run');
  closeSync(file);
  t.equal(queryTaskFd(process.pid, file), undefined, 'nor does a closed fd');
  t.equal(queryTaskFd(2 ** 22 + 1, 0), undefined, 'nor a process that is not there');
});

t.test('a file whose name is longer than most', async t => {
  if (!needs(t, { bpf: true, tools: ['cc'] })) return;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-perf-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a'.repeat(200), 'b'.repeat(200), 'target');
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(compileUser(uprobeSource), path);
  const { program } = await setting(t, 'on_entry', { path });
  program.attachTo({ kind: 'uprobe', binary: path, symbol: 'work_twice' });
  const found = [...listTaskFds()].filter(({ pid }) => pid === process.pid);
  t.match(found, [{ fdType: 'uprobe', path, programId: program.info().id }]);
});

t.test('an ordinary user is told why not', async t => {
  if (!needs(t, { bpf: true })) return;
  const { status, stdout, stderr } = nodeAs(
    { uid: 65534, gid: 65534 },
    `${repository}/dist/src/cli/main.js`,
    'perf',
    'list',
    '--json',
  );
  t.same([status, stdout], [1, '']);
  t.match(stderr, /EPERM.*lacks CAP_SYS_ADMIN.*[Rr]un it as root/);
});
