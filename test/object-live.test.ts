import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfCmd, BpfProgType } from '../src/abi/index.js';
import { Kernel } from '../src/kernel/index.js';
import { BpfObject, type LoadOptions } from '../src/programs/index.js';
import { bpfInOut, liveSys } from '../src/syscall/index.js';
import { ownBpffs } from './bpffs.js';
import { compile } from './compile.js';
import { needs, run } from './live.js';

const live = { bpf: true, tools: ['clang'] };

/** Loads what C compiles to; closed when the test ends. */
function load(t: Test, source: string, options: LoadOptions = {}): BpfObject {
  const obj = BpfObject.open(compile(t, source));
  t.teardown(() => obj.close());
  return obj.load(options);
}

/** Runs a program once by BPF_PROG_TEST_RUN, without input; its return value. */
function testRun(obj: BpfObject, name: string): number {
  const program = obj.program(name);
  const { result, attr } = bpfInOut(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, { prog_fd: program.fd });
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN of ${name}: ${result}`);
  return Number(attr['retval']);
}

/** What `bpftool prog loadall` makes of an object: tags by program name. */
function bpftoolTags(t: Test, object: string): Record<string, string> {
  const pins = join(ownBpffs(t), 'object');
  run('bpftool', 'prog', 'loadall', object, pins);
  const shown = JSON.parse(run('bpftool', '-j', '-f', 'prog', 'show')) as {
    name?: string;
    tag: string;
    pinned?: string[];
  }[];
  return Object.fromEntries(
    shown.filter(p => p.pinned?.some(path => path.startsWith(pins))).map(p => [p.name ?? '', p.tag]),
  );
}

const kconfig = `
#define __kconfig __attribute__((section(".kconfig")))
#define __weak __attribute__((weak))
enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };
extern int LINUX_KERNEL_VERSION __kconfig;
extern u32 CONFIG_HZ __kconfig;
extern u64 CONFIG_NR_CPUS __kconfig;
extern _Bool CONFIG_BPF_SYSCALL __kconfig;
extern enum libbpf_tristate CONFIG_NET __kconfig;
extern char CONFIG_BPF __kconfig;
extern const char CONFIG_CC_VERSION_TEXT[8] __kconfig;
extern u32 CONFIG_NO_SUCH_OPTION __kconfig __weak;
extern _Bool LINUX_HAS_BPF_COOKIE __kconfig;
extern u32 LINUX_NO_SUCH_VALUE __kconfig __weak;
u64 out[10];
SEC("raw_tp") int config(void *ctx)
{
  out[0] = LINUX_KERNEL_VERSION; out[1] = CONFIG_HZ; out[2] = CONFIG_NR_CPUS; out[3] = CONFIG_BPF_SYSCALL;
  out[4] = CONFIG_NET; out[5] = CONFIG_BPF; out[6] = *(volatile u64 *)CONFIG_CC_VERSION_TEXT; out[7] = CONFIG_NO_SUCH_OPTION;
  out[8] = LINUX_HAS_BPF_COOKIE; out[9] = LINUX_NO_SUCH_VALUE;
  return 0;
}
`;

t.test('.kconfig externs are what the kernel was configured with', async t => {
  if (!needs(t, { ...live, tools: ['clang', 'bpftool'] })) return;
  const options = Kernel.running(liveSys()).kconfig;
  if (!options) return void t.plan(0, 'the configuration of this kernel cannot be read');
  const obj = load(t, kconfig);
  testRun(obj, 'config');
  const text = (options.get('CONFIG_CC_VERSION_TEXT') ?? '').slice(1, 8);
  const expected = [
    BigInt(Kernel.running(liveSys()).versionCode),
    BigInt(options.get('CONFIG_HZ') ?? -1),
    BigInt(options.get('CONFIG_NR_CPUS') ?? -1),
    1n,
    1n,
    BigInt('y'.charCodeAt(0)),
    Buffer.from(text.padEnd(8, '\0')).readBigUInt64LE(),
    0n,
    1n,
    0n,
  ];
  t.same(obj.globals['out'], expected);
  const { tag } = obj.program('config').info();
  t.equal(bpftoolTags(t, compile(t, kconfig))['config'], tag, 'the tag is that of libbpf');
});

t.test('a kconfig extern that the kernel has no value for', async t => {
  if (!needs(t, live)) return;
  const source = (declaration: string, use: string) => `
enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };
extern ${declaration} __attribute__((section(".kconfig")));
u64 out;
SEC("raw_tp") int config(void *ctx) { out = ${use}; return 0; }
SEC("raw_tp") int other(void *ctx) { return 0; }`;
  const refused: [string, string, RegExp][] = [
    ['u32 CONFIG_NO_SUCH_OPTION', 'CONFIG_NO_SUCH_OPTION', /configured without it, and it is not __weak/],
    ['u32 CONFIG_NET', 'CONFIG_NET', /the value y implies a bool, tristate or char, the type is int/],
    ['unsigned char CONFIG_NR_CPUS', 'CONFIG_NR_CPUS', /does not fit 8 bits/],
    ['u32 NO_PREFIX', 'NO_PREFIX', /neither an option \(CONFIG_…\) nor/],
  ];
  for (const [declaration, use, message] of refused) {
    if (/NR_CPUS/.test(use) && Number(Kernel.running(liveSys()).kconfig?.get(use)) < 256) continue;
    t.throws(() => load(t, source(declaration, use)), {
      name: 'ObjectError',
      message,
      subject: /^extern .* of config$/,
    });
  }
  t.doesNotThrow(
    () => load(t, source('u32 CONFIG_NO_SUCH_OPTION', 'CONFIG_NO_SUCH_OPTION'), { programs: ['other'] }),
    'a program that does not use it loads',
  );
});

const ksyms = `
#define __ksym __attribute__((section(".ksyms")))
extern const void schedule __ksym;
extern const void no_such_symbol __ksym __attribute__((weak));
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock___flavour(void) __ksym;
extern int no_such_kfunc(int) __ksym __attribute__((weak));
u64 out[2];
SEC("raw_tp") int symbols(void *ctx) { out[0] = (u64)&schedule; out[1] = (u64)&no_such_symbol; return 0; }
SEC("tp_btf/sched_switch") int kfuncs(void *ctx)
{
  bpf_rcu_read_lock();
  bpf_rcu_read_unlock___flavour();
  if (no_such_kfunc) return no_such_kfunc(1);
  return 0;
}
`;

t.test('.ksyms externs: symbols, kfuncs, weak ones', async t => {
  if (!needs(t, live)) return;
  if (!Kernel.running(liveSys()).btf?.findByName('bpf_rcu_read_lock', 'func'))
    return void t.plan(0, 'this kernel has no kfunc bpf_rcu_read_lock (Linux 6.2)');
  const obj = load(t, ksyms);
  testRun(obj, 'symbols');
  const line = readFileSync('/proc/kallsyms', 'utf8').match(/^(\w+) \w schedule$/m);
  t.same(obj.globals['out'], [BigInt(`0x${line?.[1]}`), 0n]);
  t.equal(obj.program('kfuncs').info().type, BpfProgType.BPF_PROG_TYPE_TRACING);
  t.throws(() => load(t, ksyms.replace(/(no_such_kfunc\(int\) __ksym).*;/, '$1;')), {
    message: /extern no_such_kfunc of kfuncs: .* has no kfunc no_such_kfunc/,
  });
});

/** Only the members that are used, by name: they stand elsewhere in the kernel's struct. */
const congestionControl = `
struct sock;
struct tcp_congestion_ops {
  char name[16];
  void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
  u32 (*ssthresh)(struct sock *sk);
  u32 (*undo_cwnd)(struct sock *sk);
  u64 not_in_any_kernel;
};
SEC("struct_ops/cong_avoid") void avoid(u64 *ctx) {}
SEC("struct_ops/ssthresh") u32 ssthresh(u64 *ctx) { return 2; }
SEC("?struct_ops/undo_cwnd") u32 undo(u64 *ctx) { return 2; }
SEC("struct_ops") u32 unused(u64 *ctx) { return 3; }
`;
const registered = `
SEC(".struct_ops.link") struct tcp_congestion_ops made_up = {
  .name = "rawbpf_test", .cong_avoid = (void *)avoid, .ssthresh = (void *)ssthresh, .undo_cwnd = (void *)undo,
};
SEC("?.struct_ops") struct tcp_congestion_ops optional = { .name = "rawbpf_other", .ssthresh = (void *)unused };
`;

t.test('struct_ops maps are laid out as the kernel has the struct', async t => {
  if (!needs(t, live)) return;
  if (!Kernel.running(liveSys()).btf?.findByName('bpf_struct_ops_tcp_congestion_ops', 'struct'))
    return void t.plan(0, 'this kernel has no struct_ops for TCP congestion control (CONFIG_NET, Linux 5.6)');
  const obj = load(t, congestionControl + registered);
  t.same(
    Object.keys(obj.programs).sort(),
    ['avoid', 'ssthresh', 'undo'],
    'programs are loaded if a map made of them is created, optional or not',
  );
  t.same(Object.keys(obj.maps), ['made_up']);
  const map = obj.map('made_up');
  const [value] = obj.plan({ kernel: Kernel.running(liveSys()) }).structOps;
  t.equal(value?.bytes.length, map.valueSize);
  t.equal(value?.programs.length, 3);
  t.throws(() => load(t, congestionControl + registered.replace('.name', '.not_in_any_kernel = 1, .name')), {
    message:
      /map made_up: member not_in_any_kernel of struct tcp_congestion_ops: is set, and the kernel does not have it/,
  });
});

t.test('an arena is mapped before the programs that use it are loaded', async t => {
  if (!needs(t, live)) return;
  const kernel = Kernel.running(liveSys());
  if (!kernel.btf?.findByName('bpf_arena_alloc_pages', 'func'))
    return void t.plan(0, 'this kernel has no arenas (Linux 6.9)');
  // clang before 15 cuts values of enums to 32 bits.
  const address = 0x7000_0000n;
  const source = `
struct {
  __uint(type, 33); __uint(map_flags, 1 << 10); __uint(max_entries, 10);
  enum { at = ${address}ull } map_extra;
} arena SEC(".maps");
extern void *bpf_arena_alloc_pages(void *map, void *addr, u32 pages, int node, u64 flags) __attribute__((section(".ksyms")));
u64 page;
SEC("syscall") int alloc(void *ctx) { page = (u64)bpf_arena_alloc_pages(&arena, 0, 1, -1, 0); return page == 0; }
`;
  for (const time of ['first', 'second']) {
    const obj = load(t, source);
    t.equal(obj.map('arena').maxEntries, 10);
    t.equal(testRun(obj, 'alloc'), 0);
    const maps = readFileSync('/proc/self/maps', 'utf8');
    t.match(
      maps,
      new RegExp(`^0*${address.toString(16)}-.*anon_inode:bpf-map`, 'm'),
      `mapped, the ${time} time`,
    );
    obj.close();
  }
});

const pinned = `
struct { __uint(type, 1); __uint(max_entries, 4); __uint(pinning, 1); __type(key, u32); __type(value, u64); } shared SEC(".maps");
SEC("raw_tp") int p(void *ctx) { return 0; }
`;

t.test('maps pinned by name are shared', async t => {
  if (!needs(t, live)) return;
  const pinRoot = ownBpffs(t);
  const one = load(t, pinned, { pinRoot });
  const { id } = one.map('shared');
  t.ok(existsSync(join(pinRoot, 'shared')));
  one.close();
  const two = load(t, pinned, { pinRoot });
  t.equal(two.map('shared').id, id, 'it outlives the object that made it');
  two.close();
  t.throws(() => load(t, pinned.replace('max_entries, 4', 'max_entries, 8'), { pinRoot }), {
    name: 'ObjectError',
    message: /is another map: max_entries is 4 there, 8 here/,
  });
  const fails = `${pinned.replaceAll('shared', 'fresh')} SEC("raw_tp") int refused(u64 *ctx) { return *(int *)(ctx[500000]); }`;
  t.throws(() => load(t, fails, { pinRoot }));
  t.notOk(existsSync(join(pinRoot, 'fresh')), 'a load that fails takes its pins away');
  const unpinned = load(t, pinned, { pinRoot: false });
  t.not(unpinned.map('shared').id, id);
});

t.test('legacy map definitions load, with a warning', async t => {
  if (!needs(t, live)) return;
  const obj = BpfObject.open(
    compile(
      t,
      `
struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };
SEC("maps") struct bpf_map_def one = { 1, 4, 8, 16, 1 };
SEC("maps") struct bpf_map_def two = { 2, 4, 4, 3 };
static void *(*lookup)(void *map, const void *key) = (void *)1;
SEC("socket") int p(void *ctx) { u32 key = 1; u32 *value = lookup(&two, &key); return value ? lookup(&one, &key) == 0 : 7; }
`,
    ),
  );
  using _ = obj.load();
  t.match(obj.spec.warnings, [/legacy map definitions, which libbpf refuses since 1.0/]);
  t.match(obj.map('one'), { type: 1, keySize: 4, valueSize: 8, maxEntries: 16, flags: 1 });
  t.match(obj.map('two'), { type: 2, valueSize: 4, maxEntries: 3 });
});
