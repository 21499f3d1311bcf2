import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { fileOffset, openUserElf, readAtOf } from '../src/elf/index.js';
import { type AttachTarget, BpfObject, type Link } from '../src/index.js';
import { tracefsPath } from '../src/kernel/index.js';
import { Errno, liveSys } from '../src/syscall/index.js';
import { compile } from './compile.js';
import { failingSys } from './failing-sys.js';
import { needs, run } from './live.js';
import { openFds } from './open-fds.js';
import { setting, uprobeSource } from './uprobe-setting.js';
import { compileUser, startTarget } from './user-target.js';

const canRun = (t: Test) => needs(t, { bpf: true, tools: ['cc', 'readelf', 'nm'] });

/** What tests of the legacy way left in tracefs. */
const ownEvents = () =>
  readFileSync(join(tracefsPath(liveSys()), 'uprobe_events'), 'utf8').match(
    new RegExp(`\\S*/p${process.pid}_\\S*`, 'g'),
  ) ?? [];

/** Asked once: in a guest nm takes seconds. */
const listings = new Map<string, string>();
function symbolsOf(path: string): string {
  const text = listings.get(path) ?? run('nm', path);
  listings.set(path, text);
  return text;
}

/** Where a symbol is in a file, by nm and the headers. */
function place(path: string, symbol: string): number {
  const [, address] = new RegExp(`^(\\w+) \\w ${symbol}$`, 'm').exec(symbolsOf(path)) ?? [];
  return fileOffset(openUserElf(readAtOf(readFileSync(path)), path), Number.parseInt(address!, 16))!;
}

function attempt(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

t.test('each way of attaching sees the same and leaves nothing', async t => {
  if (!canRun(t)) return;
  const s = await setting(t, 'on_entry');
  const uprobe = { kind: 'uprobe', binary: s.target.path, symbol: 'work_twice' } as const;
  const modes = s.program.kernel.has('perf_link')
    ? (['link', 'perf', 'legacy'] as const)
    : (['perf', 'legacy'] as const);
  let entries = 0n;
  // It may open a mount of its own, which stays.
  ownEvents();
  for (const mode of modes) {
    const fds = openFds().length;
    const link = s.program.attachTo({ ...uprobe, mode });
    t.match(
      link,
      { kind: 'uprobe', target: `${s.target.path}:work_twice`, isBpfLink: mode === 'link' },
      mode,
    );
    t.equal(ownEvents().length, mode === 'legacy' ? 1 : 0);
    await s.target.ask('1');
    t.equal(s.seen().entries, ++entries);
    link.close();
    t.same(ownEvents(), []);
    t.equal(openFds().length, fds);
    await s.target.ask('1');
    t.equal(s.seen().entries, entries);
  }
});

t.test('a cookie, and what the kernel tells of the link', async t => {
  if (!canRun(t)) return;
  const probe = await setting(t, 'on_entry');
  if (!probe.program.kernel.has('bpf_cookie')) {
    const uprobe = { kind: 'uprobe', binary: probe.target.path, symbol: 'work_twice', cookie: 1n } as const;
    t.match(
      attempt(() => probe.program.attachTo(uprobe)),
      { since: '5.15' },
    );
    return;
  }
  const s = await setting(t, 'on_entry_with_cookie');
  const { path } = s.target;
  const link = s.program.attachTo({
    kind: 'uprobe',
    binary: path,
    symbol: 'work_more',
    cookie: 0x1234567890n,
  });
  await s.target.ask('5');
  t.match(s.seen(), { entries: 1n, cookies: 0x1234567890n });
  if (s.program.kernel.versionCode >= 0x060600)
    t.match(link.info(), {
      typeName: 'perf_event',
      event: 'uprobe',
      path,
      offset: place(path, 'work_more'),
    });
});

t.test('a place without a symbol, and one within a function', async t => {
  if (!canRun(t)) return;
  const s = await setting(t, 'on_entry');
  const { path } = s.target;
  const start = place(path, 'work_twice');
  const twice = s.program.attachTo({ kind: 'uprobe', binary: path, offset: start });
  t.equal(twice.target, `${path}:0x${start.toString(16)}`);
  await s.target.ask('5');
  t.equal(s.seen().entries, 1n);
  twice.close();
  const distance = place(path, 'work_more') - start;
  const [symbol, offset] = distance > 0 ? ['work_twice', distance] : ['work_more', -distance];
  const other = s.program.attachTo({ kind: 'uprobe', binary: path, symbol, offset });
  t.match(other.target, /:work_\w+\+0x/);
  await s.target.ask('5');
  t.equal(s.seen().entries, 2n);
});

t.test('a library is found by its name, and only the process asked for is traced', async t => {
  if (!canRun(t)) return;
  const s = await setting(t, 'on_entry');
  const getppid = { kind: 'uprobe', binary: 'libc', symbol: 'getppid', pid: s.target.pid } as const;
  const link = s.program.attachTo(getppid);
  t.match(link.target, /\/libc\.so\.6:getppid$/);
  await s.target.ask('-1');
  t.equal(s.seen().entries, 1n);
  link.close();
  const other = await startTarget(t, s.target.path);
  s.program.attachTo({ ...getppid, pid: other.pid });
  await s.target.ask('-1');
  t.equal(s.seen().entries, 1n);
});

t.test('a counter in the file is raised for as long as a uprobe is there', async t => {
  if (!canRun(t)) return;
  for (const mode of [undefined, 'legacy'] as const) {
    const s = await setting(t, 'on_entry');
    const { path } = s.target;
    const refCtrOffset = place(path, 'counter');
    const uprobe = { kind: 'uprobe', binary: path, symbol: 'work_twice', refCtrOffset } as const;
    t.equal(await s.target.ask('1'), '103 0');
    const link = s.program.attachTo({ ...uprobe, ...(mode ? { mode } : {}) });
    t.equal(await s.target.ask('1'), '103 1');
    link.close();
    t.equal(await s.target.ask('1'), '103 0');
  }
});

t.test('a path with a space', async t => {
  if (!canRun(t)) return;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf a b'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'my target');
  cpSync(compileUser(uprobeSource), path);
  for (const mode of [undefined, 'legacy'] as const) {
    const s = await setting(t, 'on_entry', { path });
    const uprobe = { kind: 'uprobe', binary: path, symbol: 'work_twice' } as const;
    using link = s.program.attachTo({ ...uprobe, ...(mode ? { mode } : {}) });
    await s.target.ask('1');
    t.equal(s.seen().entries, 1n, link.target);
  }
});

t.test(
  'many places: a cookie and a counter each, or a uprobe each for a program that was loaded for one',
  async t => {
    if (!canRun(t)) return;
    const plain = await setting(t, 'on_entry');
    const { path } = plain.target;
    const offsets = ['work_twice', 'work_more'].map(symbol => place(path, symbol));
    const many = { kind: 'uprobe_multi', binary: path, offsets } as const;
    const each = plain.program.attachTo(many);
    await plain.target.ask('7');
    t.equal(plain.seen().entries, 2n);
    each.close();
    await plain.target.ask('7');
    t.equal(plain.seen().entries, 2n);
    if (!plain.program.kernel.has('bpf_cookie')) return;
    const s = await setting(t, 'on_entries_with_cookies', { path });
    const link = s.program.attachTo({
      ...many,
      cookies: [1000n, 1n],
      refCtrOffsets: [place(path, 'counter'), 0],
    });
    t.equal(await s.target.ask('7'), '121 1');
    t.match(s.seen(), { entries: 2n, cookies: 1001n });
    if (s.program.kernel.versionCode >= 0x060800)
      t.match(link.info(), {
        typeName: 'uprobe_multi',
        path,
        places: offsets.map(offset => ({ offset })),
      });
  },
);

t.test('what cannot be attached to is told', async t => {
  if (!canRun(t)) return;
  const s = await setting(t, 'on_entry');
  const { path } = s.target;
  const refused = (more: object) =>
    attempt(() => s.program.attachTo({ kind: 'uprobe', binary: path, ...more } as AttachTarget).close());
  t.match(refused({ symbol: 'work_twcie' }), {
    name: 'UserBinaryError',
    message: /work_twcie: .*work_twice/,
  });
  t.match(refused({ binary: '/no/such', symbol: 'x' }), { message: /\/no\/such: there is no such file/ });
  t.match(refused({ binary: 'no-such-program', symbol: 'x' }), { message: /no such program in PATH/ });
  t.match(refused({ binary: '/no/such', offset: 1 }), { errnoName: 'ENOENT', message: /mount namespace/ });
  t.match(refused({ binary: '/bin/sh', symbol: 'x', pid: 0 }), TypeError);
  t.match(refused({ offset: -1 }), TypeError);
  t.match(refused({ offset: 1e9 }), { errnoName: 'EINVAL', message: /past the end/ });
  t.match(refused({ symbol: 'work_twice', pid: 0x3fffff }), { errnoName: 'ESRCH', message: /no process/ });
  t.match(refused({ binary: 'libc', symbol: 'strlen' }), { message: /indirect function/ });
  t.match(refused({ kind: 'uprobe_multi', pattern: 'nothing*' }), {
    message: /no function matches nothing\*/,
  });
  t.match(refused({ kind: 'uprobe_multi' }), TypeError);
  t.match(refused({ kind: 'uprobe_multi', symbols: ['work_twice'], cookies: [1n, 2n] }), TypeError);
  t.match(refused({ kind: 'uprobe_multi', symbols: ['work_twice'], session: true }), TypeError);
  t.same(s.program.links, []);
});

t.test('sections that name their target attach themselves', async t => {
  if (!needs(t, { bpf: true, tools: ['cc', 'clang'] })) return;
  const path = compileUser(uprobeSource);
  const target = await startTarget(t, path);
  using obj = BpfObject.open(
    compile(
      t,
      `u64 calls = 0;
       SEC("uprobe/${path}:work_twice") int entry(void *ctx) { calls += 1; return 0; }
       SEC("uretprobe/${path}:work_more") int back(void *ctx) { calls += 10; return 0; }
       SEC("uprobe.multi/${path}:work_*") int entries(void *ctx) { calls += 100; return 0; }`,
    ),
  ).load();
  const links = obj.attach();
  t.same(
    links.map(link => link.target),
    ['work_twice', 'work_more', 'work_*'].map(name => `${path}:${name}`),
  );
  await target.ask('1');
  t.equal(obj.globals['calls'], 211n);
});

const places: Readonly<Record<string, readonly [program: string, target: Record<string, unknown>]>> = {
  uprobe: ['on_entry', { kind: 'uprobe', symbol: 'work_twice' }],
  'legacy uprobe': ['on_entry', { kind: 'uprobe', symbol: 'work_twice', mode: 'legacy' }],
  uretprobe: ['on_return', { kind: 'uprobe', symbol: 'work_twice', retprobe: true }],
  uprobe_multi: ['on_entries', { kind: 'uprobe_multi', pattern: 'work_*' }],
  'uprobe_multi by uprobes': ['on_entry', { kind: 'uprobe_multi', pattern: 'work_*' }],
};

for (const [name, [program, target]] of Object.entries(places))
  t.test(`${name}: whichever call fails, nothing is left`, async t => {
    if (!canRun(t)) return;
    const failing = failingSys(liveSys());
    const s = await setting(t, program, { sys: failing.sys });
    const attach = () => s.program.attachTo({ ...target, binary: s.target.path } as AttachTarget);
    // What is found out once is kept.
    attach().close();
    const [first, open] = [failing.calls, failing.open.size];
    attach().close();
    const calls = failing.calls - first;
    t.ok(calls > 0, `${calls} calls`);
    for (const errno of [Errno.EPERM, Errno.EINVAL, Errno.ENOMEM])
      for (let n = 1; n <= calls; n++) {
        failing.failAt(n, errno);
        const result = attempt(attach);
        failing.failAt(0, 0);
        if (result instanceof Error) t.match(result, { code: /^ERR_RAWBPF/ });
        else (result as Link).close();
        t.equal(failing.open.size, open, `call ${n} fails with ${errno}`);
        t.same(ownEvents(), []);
      }
    t.same(failing.strayCloses, []);
    await s.target.ask('1');
    const { entries, returns } = s.seen();
    t.same([entries, returns], [0n, 0n]);
  });
