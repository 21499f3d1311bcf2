import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openUserElf, readAtOf, readUsdtNotes } from '../src/elf/index.js';
import { ArrayMap, BpfObject, FormatError, HashMap, type Link, type Program } from '../src/index.js';
import { Kernel } from '../src/kernel/index.js';
import { Errno, liveSys, type Sys } from '../src/syscall/index.js';
import { ownBpffs } from './bpffs.js';
import { compile } from './compile.js';
import { failingSys } from './failing-sys.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';
import { usdtSource } from './usdt-source.js';
import { compileUser, startTarget, type UserTarget } from './user-target.js';

interface Setting {
  readonly target: UserTarget;
  readonly obj: BpfObject;
  readonly program: Program;
  readonly seen: () => { hits: bigint; cookie: bigint; args: bigint[] };
}

async function setting(
  t: Test,
  name: string,
  { sys = liveSys(), flags = [] }: { sys?: Sys; flags?: readonly string[] } = {},
): Promise<Setting> {
  const target = await startTarget(t, compileUser(usdtSource, 'target', ...flags));
  const obj = BpfObject.open(fixture('test-links-usdt'), { sys });
  t.teardown(() => obj.close());
  obj.globals['pid_filter'] = target.pid;
  obj.load({ programs: [name] });
  const { globals } = obj;
  return {
    target,
    obj,
    program: obj.program(name),
    seen: () => ({
      hits: globals['hits'] as bigint,
      cookie: globals['cookie'] as bigint,
      args: (globals['arguments'] as bigint[]).slice(0, globals['argument_count'] as number),
    }),
  };
}

/** Of a library or position-independent program, whose code is where it is in the file. */
const notesOf = (path: string) => readUsdtNotes(openUserElf(readAtOf(readFileSync(path)), path));

const canRun = (t: Test) => needs(t, { bpf: true, tools: ['cc'] });

/** Registers in the fixture are those of x86-64 where it looks at them itself: for the address, on kernels without cookies. */
function attachProbe({ target, program }: Setting, name: string, more: object = {}): Link {
  return program.attachTo({
    kind: 'usdt',
    binary: target.path,
    provider: 'rawbpf',
    name,
    pid: target.pid,
    ...more,
  });
}

for (const [section, name, ...flags] of [
  ['usdt', 'on_probe', '-pie', '-fPIE'],
  ['usdt', 'on_probe', '-no-pie', '-fno-pie'],
  ['usdt.s', 'on_probe_sleepable', '-pie', '-fPIE'],
] as const)
  await sectionRow(t, [section], async t => {
    if (!canRun(t)) return;
    const s = await setting(t, name, { flags });
    t.equal(await s.target.ask('1'), '0', 'the semaphore is down');
    const link = attachProbe(s, 'work', { cookie: 0x123456789abcdefn });
    t.equal(await s.target.ask('7'), '1', 'the semaphore is up');
    const { hits, cookie, args } = s.seen();
    t.equal(hits, 1n);
    t.equal(cookie, 0x123456789abcdefn);
    t.same(args.slice(1), [7n, -35000000000n, -993n, 71n, 7n]);
    if (section === 'usdt.s') t.equal(String(s.obj.globals['text']), 'hello, usdt');
    link.close();
    t.equal(await s.target.ask('8'), '0', 'the semaphore is down again');
    t.same(s.seen(), { hits, cookie, args }, 'nothing more is seen');
  });

t.test('a probe in several places shares specifications, which are free again when it is closed', async t => {
  if (!canRun(t)) return;
  const s = await setting(t, 'on_probe');
  const spec = (id: number) =>
    s.obj.map('__bpf_usdt_specs', ArrayMap).get(id) as { usdt_cookie: bigint; arg_cnt: number };
  const link = attachProbe(s, 'twice', { cookie: 5n });
  await s.target.ask('9');
  t.match(s.seen(), { hits: 3n, cookie: 5n, args: [5n] });
  const other = attachProbe(s, 'plain', { cookie: 6n });
  t.match(
    [spec(0), spec(1), spec(2)],
    [
      { usdt_cookie: 5n, arg_cnt: 1 },
      { usdt_cookie: 5n, arg_cnt: 1 },
      { usdt_cookie: 6n, arg_cnt: 0 },
    ],
  );
  link.close();
  other.close();
  const third = attachProbe(s, 'plain', { cookie: 7n });
  t.match(spec(0), { usdt_cookie: 7n, arg_cnt: 0 });
  third.close();
  await s.target.ask('10');
  t.equal(s.seen().hits, 3n);
});

t.test('the specifications of a pinned probe stay when its handle is closed', async t => {
  if (!needs(t, { bpf: true, tools: ['cc', 'mount'] })) return;
  const s = await setting(t, 'on_probe');
  const cookies = (ids: readonly number[]) =>
    ids.map(id => s.obj.map('__bpf_usdt_specs', ArrayMap).get(id) as { usdt_cookie: bigint });
  const link = attachProbe(s, 'work');
  const several = attachProbe(s, 'twice');
  if (!several.isBpfLink)
    t.throws(() => several.pin('/pin'), { message: /not one BPF link but a uprobe for each of/ });
  several.close();
  if (!link.isBpfLink) return link.close();
  link.close();
  const pinned = attachProbe(s, 'work', { cookie: 5n }).pin(join(ownBpffs(t), 'probe'));
  pinned.close();
  const other = attachProbe(s, 'plain', { cookie: 6n });
  t.match(cookies([0, 1]), [{ usdt_cookie: 5n }, { usdt_cookie: 6n }]);
  other.close();
  await s.target.ask('7');
  t.match(s.seen(), { hits: 1n, cookie: 5n }, 'it runs and reads its own');
});

t.test('what cannot be attached to is told', async t => {
  if (!canRun(t)) return;
  const s = await setting(t, 'on_probe');
  const refused = (name: string, more: object = {}) => {
    try {
      return attachProbe(s, name, more).close();
    } catch (error) {
      return error;
    }
  };
  t.match(refused('wrok'), { name: 'UserBinaryError', message: /no static probe rawbpf:wrok.*rawbpf:work/ });
  t.match(refused('work', { provider: 'libc' }), { message: /no static probe libc:work/ });
  t.match(refused('unreadable'), FormatError);
  t.match(refused('unreadable'), { message: /rawbpf:unreadable: argument 0 of .*floating point/ });
  t.match(refused('work', { binary: '/bin/no-such' }), { message: /there is no such file/ });
  t.match(refused('work', { binary: 'libc', provider: 'libc', name: 'x' }), {
    message: /no static probe libc:x/,
  });
  t.match(refused('work', { pid: -1 }), TypeError);
  if (process.arch === 'x64')
    t.match(refused('scaled'), { message: /scaled index.*usdt\.bpf\.h of libbpf 1\.7/ });
  t.same(s.program.links, []);
});

/** The layout of libbpf 1.7 and newer, with a place for an index; the program only makes the map be loaded. */
const newLayout = `
struct arg { u64 val_off; unsigned int arg_type: 8; unsigned short idx_reg_off: 12; unsigned short scale_bitshift: 4; unsigned char reserved: 8;
  short reg_off; _Bool arg_signed; char arg_bitshift; };
struct spec { struct arg args[12]; u64 usdt_cookie; short arg_cnt; };
struct { __uint(type, 2); __uint(max_entries, 4); __type(key, int); __type(value, struct spec); } __bpf_usdt_specs SEC(".maps");
struct { __uint(type, 1); __uint(max_entries, 4); __type(key, long); __type(value, u32); } __bpf_usdt_ip_to_spec_id SEC(".maps");
static void *(*lookup)(void *, void *) = (void *)1;
SEC("usdt") int probe(void *ctx) { u32 zero = 0; u64 ip = 0; return lookup(&__bpf_usdt_specs, &zero) && lookup(&__bpf_usdt_ip_to_spec_id, &ip); }
`;

t.test('specifications have the layout that the object was compiled with', async t => {
  if (!needs(t, { bpf: true, tools: ['cc', 'clang', 'readelf'] })) return;
  if (process.arch !== 'x64') return t.plan(0, 'scaled indexes are of x86-64');
  const target = await startTarget(t, compileUser(usdtSource));
  using obj = BpfObject.open(compile(t, newLayout)).load();
  const place = {
    kind: 'usdt',
    binary: target.path,
    provider: 'rawbpf',
    name: 'scaled',
    pid: target.pid,
  } as const;
  const link = obj.program('probe').attachTo(place);
  const [, args] = /Name: scaled\n.*\n *Arguments: (\S+)/.exec(run('readelf', '-n', target.path)) ?? [];
  const [, base, index, scale] = /^8@\(%(\w+),%(\w+),(\d)\)$/.exec(args ?? '') ?? [];
  t.equal(scale, '8', `the compiler made a scaled index: ${args}`);
  const registers = 'r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi'.split(' ');
  const spec = obj.map('__bpf_usdt_specs', ArrayMap).get(0) as { args: object[]; arg_cnt: number };
  t.equal(spec.arg_cnt, 1);
  t.match(spec.args[0], {
    val_off: 0n,
    arg_type: 3,
    reg_off: 8 * registers.indexOf(base!),
    idx_reg_off: 8 * registers.indexOf(index!),
    scale_bitshift: 3,
    arg_signed: false,
    arg_bitshift: 0,
  });
  link.close();
});

t.test('a probe with a nop that the kernel can make a call is at that', async t => {
  if (!canRun(t)) return;
  const s = await setting(t, 'on_probe');
  const link = attachProbe(s, 'fast');
  await s.target.ask('6');
  await s.target.ask('7');
  t.match(s.seen(), { hits: 2n, args: [7n] });
  const note = notesOf(s.target.path).find(({ name }) => name === 'fast')!;
  const bytes = readFileSync(s.target.path).subarray(note.location, note.location + 6);
  if (process.arch === 'x64') t.same([...bytes], [0x90, 0x0f, 0x1f, 0x44, 0, 0]);
  const behind = process.arch === 'x64' && s.program.kernel.versionCode >= 0x061200 ? 1 : 0;
  if (s.program.kernel.versionCode >= 0x060800)
    t.match(link.info(), { places: [{ offset: BigInt(note.location + behind) }] });
  link.close();
});

t.test('without a pid a probe is traced in all processes', async t => {
  if (!canRun(t)) return;
  const s = await setting(t, 'on_probe');
  if (!s.program.kernel.has('bpf_cookie')) return t.plan(0, 'needs Linux 5.15');
  using link = s.program.attachTo({ kind: 'usdt', binary: s.target.path, provider: 'rawbpf', name: 'work' });
  t.equal(link.target, `${s.target.path}:rawbpf:work`);
  t.equal(link.isBpfLink, true);
  await s.target.ask('3');
  t.same(s.seen().args.slice(1, 2), [3n]);
});

t.test('whichever call fails, nothing is left and no specification is in use', async t => {
  if (!canRun(t)) return;
  const failing = failingSys(liveSys());
  const s = await setting(t, 'on_probe', { sys: failing.sys });
  attachProbe(s, 'twice').close();
  const [first, open] = [failing.calls, failing.open.size];
  attachProbe(s, 'twice').close();
  const calls = failing.calls - first;
  for (const errno of [Errno.EPERM, Errno.EINVAL, Errno.ENOMEM])
    for (let n = 1; n <= calls; n++) {
      failing.failAt(n, errno);
      try {
        attachProbe(s, 'twice').close();
      } catch (error) {
        t.match(error, { code: /^ERR_RAWBPF/ });
      }
      failing.failAt(0, 0);
      t.equal(failing.open.size, open, `call ${n} of ${calls} fails with ${errno}`);
    }
  t.same(failing.strayCloses, []);
  // Before Linux 5.15 places are told by address: one stays in the map, and its specification in use, when the call that failed was to take it out.
  s.obj.map('__bpf_usdt_ip_to_spec_id', HashMap).clear();
  const link = attachProbe(s, 'twice', { cookie: 77n });
  if (Kernel.running(liveSys()).has('bpf_cookie'))
    t.match(s.obj.map('__bpf_usdt_specs', ArrayMap).get(0), { usdt_cookie: 77n });
  await s.target.ask('5');
  t.match(s.seen(), { hits: 3n, cookie: 77n });
  link.close();
});

t.test('static probes of a file are those that readelf shows', async t => {
  if (!needs(t, { linux: true, tools: ['cc', 'readelf'] })) return;
  for (const flags of [
    ['-pie', '-fPIE'],
    ['-no-pie', '-fno-pie'],
    ['-shared', '-fPIC'],
  ]) {
    const path = compileUser(usdtSource, 'target', ...flags);
    const ours = notesOf(path);
    const theirs = [
      ...run('readelf', '-nW', path).matchAll(
        /Provider: (\S+)\n\s+Name: (\S+)\n\s+Location: (\w+), Base: \w+, Semaphore: (\w+)\n\s+Arguments: ?(.*)/g,
      ),
    ].map(([, provider, name, location, semaphore, args]) => ({
      provider,
      name,
      args,
      location: Number(location),
      semaphore: Number(semaphore),
    }));
    t.equal(theirs.length, 8);
    t.same(ours, theirs);
  }
});
