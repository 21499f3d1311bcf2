import { readFileSync } from 'node:fs';
import t from 'tap';
import { BpfCmd, BpfMapType } from '../src/abi/index.js';
import {
  eventTypeId,
  inspectObject,
  linkProgram,
  newestKernel,
  type ObjectSpec,
  parseObject,
  planLoad,
} from '../src/object/index.js';
import { type AttrRecord, bpf, liveSys } from '../src/syscall/index.js';
import { compile } from './compile.js';
import { needs, run } from './live.js';

const parse = (path: string): ObjectSpec => parseObject(readFileSync(path), { file: 'test.bpf.o' });
const clang = { tools: ['clang'] };

t.test('maps of maps and prog arrays with initial values', async t => {
  if (!needs(t, clang)) return;
  const spec = parse(
    compile(
      t,
      `
struct inner { __uint(type, ${BpfMapType.BPF_MAP_TYPE_ARRAY}); __uint(max_entries, 1); __type(key, u32); __type(value, u64); };
struct inner one SEC(".maps"); struct inner two SEC(".maps");
struct {
  __uint(type, ${BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS}); __uint(max_entries, 4); __uint(key_size, 4); __array(values, struct inner);
} outer SEC(".maps") = { .values = { [1] = &two, [3] = &one } };
int first(void *); int second(void *);
struct {
  __uint(type, ${BpfMapType.BPF_MAP_TYPE_PROG_ARRAY}); __uint(max_entries, 3); __uint(key_size, 4); __array(values, int (void *));
} tails SEC(".maps") = { .values = { [0] = (void *)&first, [2] = (void *)&second } };
SEC("xdp") int first(void *ctx) { return 1; }
SEC("?xdp") int second(void *ctx) { return 2; }
`,
    ),
  );
  const map = (name: string) => spec.maps.find(m => m.name === name);
  t.match(map('outer'), {
    valueSize: 4,
    values: [
      { index: 1, ref: 'two' },
      { index: 3, ref: 'one' },
    ],
    inner: {
      name: 'outer.inner',
      type: BpfMapType.BPF_MAP_TYPE_ARRAY,
      keySize: 4,
      valueSize: 8,
      maxEntries: 1,
    },
  });
  t.match(map('tails'), {
    valueSize: 4,
    inner: undefined,
    values: [
      { index: 0, ref: 'first' },
      { index: 2, ref: 'second' },
    ],
  });

  const { steps, warnings } = planLoad(spec, newestKernel());
  const makes = steps.flatMap(step => step.makes ?? []);
  t.ok(makes.indexOf('map:outer.inner') < makes.indexOf('map:outer'), 'the template is made first');
  t.match(
    steps.find(step => step.makes === 'map:outer'),
    { attr: { inner_map_fd: { fd: 'map:outer.inner' }, btf_fd: undefined } },
  );
  t.same(
    steps
      .filter(step => step.cmd === BpfCmd.BPF_MAP_UPDATE_ELEM)
      .map(step => [step.what, step.attr['value']]),
    [
      ['map two into outer[1]', { pointsTo: { fd: 'map:two' } }],
      ['map one into outer[3]', { pointsTo: { fd: 'map:one' } }],
      ['program first into tails[0]', { pointsTo: { fd: 'prog:first' } }],
    ],
  );
  t.equal(
    steps.at(-1)?.what,
    'program first into tails[0]',
    'prog arrays are filled when there are programs',
  );
  t.match(warnings, ['map tails: slot 2 stays empty, because program second is not loaded']);
});

t.test('all attributes of a map', async t => {
  if (!needs(t, clang)) return;
  const spec = parse(
    compile(
      t,
      `
struct {
  __uint(type, ${BpfMapType.BPF_MAP_TYPE_BLOOM_FILTER}); __uint(max_entries, 100); __uint(value_size, 4); __uint(map_extra, 3);
} bloom SEC(".maps");
struct {
  __uint(type, ${BpfMapType.BPF_MAP_TYPE_HASH}); __uint(max_entries, 1 << 4); __uint(map_flags, 1 | 4); __uint(numa_node, 1);
  __uint(pinning, 1); __type(key, int[3]); __uint(value_size, 24); __type(value, struct { u64 a; char b[9]; });
} hash SEC(".maps");
struct { __uint(type, ${BpfMapType.BPF_MAP_TYPE_RINGBUF}); __uint(max_entries, 5000); } ring SEC(".maps");
SEC("xdp") int p(void *ctx) { return 1; }
`,
    ),
  );
  t.match(spec.maps, [
    { name: 'bloom', valueSize: 4, mapExtra: 3n, pinning: 'none', numaNode: undefined },
    { name: 'hash', keySize: 12, valueSize: 24, maxEntries: 16, flags: 5, numaNode: 1, pinning: 'by_name' },
    { name: 'ring', maxEntries: 8192 },
  ]);
  const pinned = planLoad(spec, newestKernel(), { pinRoot: '/pins' }).steps.filter(step =>
    [step.makes, step.unlessReused].includes('map:hash'),
  );
  t.match(
    pinned,
    [
      { cmd: BpfCmd.BPF_OBJ_GET, attr: { pathname: '/pins/hash' }, onError: 'absent' },
      { cmd: BpfCmd.BPF_MAP_CREATE, unlessReused: 'map:hash' },
      { cmd: BpfCmd.BPF_OBJ_PIN, attr: { pathname: '/pins/hash', bpf_fd: { fd: 'map:hash' } } },
    ],
    'taken from its pin, or made and pinned',
  );
  const attr = (view = newestKernel()) =>
    Object.fromEntries(planLoad(spec, view, { pinRoot: false }).steps.map(step => [step.makes, step.attr]));
  t.match(attr()['map:bloom'], { map_extra: 3n });
  t.match(attr()['map:hash'], { numa_node: 1, map_flags: 5 });
  t.match(attr()['map:ring'], { max_entries: 8192 }, 'rounded up to a power of two of pages');
  t.match(attr({ ...newestKernel(), pageSize: 65536 })['map:ring'], { max_entries: 65536 });
});

t.test('malformed map definitions name the map and the attribute', async t => {
  if (!needs(t, clang)) return;
  const hash = `__uint(type, ${BpfMapType.BPF_MAP_TYPE_HASH});`;
  const cases: [definition: string, message: RegExp][] = [
    ['__uint(max_entries, 1); __type(key, u32);', /map m: type: the map type is not given/],
    [`${hash} __uint(colour, 3);`, /map m: colour: no such map attribute/],
    [`${hash} int max_entries;`, /map m: max_entries: has to be written __uint\(max_entries, …\)/],
    [
      `${hash} __uint(key_size, 4); __type(key, u64);`,
      /map m: key: 8 bytes contradict the 4 bytes given before/,
    ],
    [`${hash} u32 key;`, /map m: key: has to be written __type\(key, …\), a pointer, and is/],
    [`${hash} struct unknown *value;`, /map m: value: its type has no size/],
    [`${hash} __uint(pinning, 7);`, /map m: pinning: 7 is neither/],
    [`${hash} __array(values, int (void *));`, /map m: values: only maps of maps and prog arrays have them/],
  ];
  for (const [definition, message] of cases) {
    const path = compile(
      t,
      `struct { ${definition} } m SEC(".maps"); SEC("xdp") int p(void *ctx) { return 1; }`,
    );
    t.throws(() => parse(path), { message, section: '.maps' }, definition);
  }
  const isStatic = compile(
    t,
    `static struct { ${hash} } m SEC(".maps"); SEC("xdp") int p(void *c) { return 1; }`,
  );
  t.throws(() => parse(isStatic), { message: /map m: a map cannot be static: remove `static`/ });
});

t.test('what a kernel lacks refuses the program that uses it, and no other', async t => {
  if (!needs(t, clang)) return;
  const spec = parse(
    compile(
      t,
      `
extern int LINUX_KERNEL_VERSION __attribute__((section(".kconfig")));
extern _Bool CONFIG_BPF __attribute__((section(".kconfig"), weak));
extern const void bpf_prog_active __attribute__((section(".ksyms"), weak));
extern void bpf_throw(u64 cookie) __attribute__((section(".ksyms")));
int out;
SEC("raw_tp/sys_enter") int plain(void *ctx) { return out++; }
SEC("?raw_tp/sys_enter") int config(void *ctx) { return LINUX_KERNEL_VERSION + CONFIG_BPF; }
SEC("?raw_tp/sys_enter") int symbol(void *ctx) { return &bpf_prog_active != 0; }
SEC("?tc") int throws(int *ctx) { if (*ctx) bpf_throw(1); return 0; }
SEC("?fentry/tcp_connect") int entry(void *ctx) { return 0; }
SEC("?freplace/f") int replace(void *ctx) { return 0; }
SEC("?struct_ops/init") int ops(void *ctx) { return 0; }
SEC("?my/own") int unknown(void *ctx) { return 0; }
`,
    ),
  );
  t.same(
    spec.externs.map(e => [e.name, e.kind, e.weak]),
    [
      ['LINUX_KERNEL_VERSION', 'kconfig', false],
      ['CONFIG_BPF', 'kconfig', true],
      ['bpf_prog_active', 'ksym', true],
      ['bpf_throw', 'kfunc', false],
    ],
  );
  const plan = (program: string, kernel = newestKernel()) => planLoad(spec, kernel, { programs: [program] });
  const warnings = plan('plain')
    .warnings.map(w => w.replace(/:.*/s, ''))
    .sort();
  t.same(
    warnings,
    ['extern CONFIG_BPF', 'extern bpf_prog_active', 'extern bpf_throw'],
    'what only a kernel can tell is assumed offline, with a warning',
  );
  const bare = { ...newestKernel(), offline: false, kconfig: new Map(), symbolAddresses: () => new Map() };
  t.doesNotThrow(() => plan('plain', bare));
  t.doesNotThrow(() => plan('config', bare), 'a weak option defaults to 0');
  t.doesNotThrow(() => plan('symbol', bare), 'a weak symbol to address 0');
  t.throws(() => plan('throws', bare), {
    name: 'ObjectError',
    subject: 'extern bpf_throw of throws',
    message: /shows no BTF/,
  });
  t.throws(() => plan('replace'), { name: 'ObjectError', message: /replaces a function of another program/ });
  t.throws(() => plan('ops'), {
    name: 'ObjectError',
    message: /no struct_ops map that is created points to it/,
  });
  t.throws(() => plan('unknown'), {
    name: 'ObjectError',
    subject: 'program unknown',
    message: /section my\/own/,
  });
  t.match(
    spec.programs.find(p => p.name === 'unknown'),
    { type: undefined, attachTarget: 'own' },
  );
  t.match(
    plan('entry').warnings.at(-1),
    "program entry: attach_btf_id of tcp_connect is not known without the kernel's BTF",
  );
});

t.test('an extern that another object defines', async t => {
  if (!needs(t, clang)) return;
  const path = compile(t, `extern int shared; SEC("xdp") int use(void *ctx) { return shared; }`);
  t.throws(() => parse(path), {
    code: 'ERR_RAWBPF_FORMAT',
    message: /^test\.bpf\.o: \.BTF: extern shared: .* link the object that defines it \(rawbpf link\)$/,
  });
});

t.test('the kernel takes the BTF of an object with externs', async t => {
  if (!needs(t, { bpf: true, tools: ['clang'] })) return;
  const spec = parse(
    compile(
      t,
      `
extern int LINUX_KERNEL_VERSION __attribute__((section(".kconfig")));
extern int per_cpu_thing __attribute__((section(".ksyms"), weak));
extern void bpf_throw(u64) __attribute__((section(".ksyms")));
SEC("?tc") int p(int *ctx) { if (LINUX_KERNEL_VERSION) bpf_throw(*ctx); return &per_cpu_thing != 0; }
`,
    ),
  );
  const [step] = planLoad(spec, newestKernel()).steps;
  t.equal(step?.cmd, BpfCmd.BPF_BTF_LOAD);
  const sys = liveSys();
  const fd = bpf(sys, BpfCmd.BPF_BTF_LOAD, step?.attr as AttrRecord);
  t.ok(fd >= 0, `BPF_BTF_LOAD answers ${fd}`);
  if (fd >= 0) sys.close(fd);
});

t.test('objects linked from several', async t => {
  if (!needs(t, { tools: ['clang', 'bpftool'] })) return;
  const half = (name: string, number: number) =>
    compile(
      t,
      `
static int calls;
static __attribute__((noinline)) int same(int x) { calls++; return x + ${number}; }
__attribute__((weak, noinline)) int shared(int x) { return same(x) * ${number}; }
SEC("raw_tp/sys_enter") int ${name}(void *ctx) { return shared(1) + same(2); }
`,
      name,
    );
  const [one, two] = [half('one', 10), half('two', 20)];
  const linked = one.replace(/one\.bpf\.o$/, 'linked.bpf.o');
  run('bpftool', 'gen', 'object', linked, one, two);
  const spec = parse(linked);
  t.same(
    spec.programs.map(p => p.name),
    ['one', 'two'],
  );
  t.same(
    spec.subprogs.map(f => [f.key, f.name]),
    [
      ['shared', 'shared'],
      ['same', 'same'],
      ['.text/same', 'same'],
    ],
    'two static functions of one name are two functions; of two weak ones the first is left',
  );
  t.same(
    spec.programs.map(p => linkProgram(spec, p).functions.map(f => f.function.key)),
    [
      ['one', 'shared', 'same'],
      ['two', 'shared', 'same', '.text/same'],
    ],
  );
});

t.test('what libbpf refuses', async t => {
  if (!needs(t, clang)) return;
  const isStatic = compile(t, 'static SEC("xdp") int p(void *ctx) { return 1; }');
  t.throws(() => parse(isStatic), {
    name: 'FormatError',
    message: /xdp.*function p: a program cannot be static/,
  });
  const calls = compile(
    t,
    `SEC("xdp") __attribute__((noinline)) int other(void *ctx) { return *(int *)ctx; }
     SEC("xdp") int p(void *ctx) { return other(ctx); }`,
  );
  t.throws(() => parse(calls), { name: 'FormatError', message: /only functions in \.text can be called/ });
  const version = compile(t, 'char v[3] SEC("version") = { 1 }; SEC("xdp") int p(void *ctx) { return 1; }');
  t.throws(() => parse(version), { message: /version: 3 bytes, where a kernel version has 4/ });
});

t.test('the type of the records that a buffer carries', async t => {
  if (!needs(t, clang)) return;
  const helpers = `
static long (*output)(void *, void *, u64, void *, u64) = (void *)25;
static void *(*reserve)(void *, u64, u64) = (void *)131;
static void (*discard)(void *, u64) = (void *)133;
struct { __uint(type, ${BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY}); __uint(key_size, 4); __uint(value_size, 4); } out SEC(".maps");
struct { __uint(type, ${BpfMapType.BPF_MAP_TYPE_RINGBUF}); __uint(max_entries, 4096); } ring SEC(".maps");
`;
  const typeOf = (source: string, map: string) => {
    const spec = parse(compile(t, helpers + source));
    const id = eventTypeId(spec, map);
    return id === undefined ? undefined : spec.btf?.type(id).name;
  };
  const send = (type: string) =>
    `SEC("xdp") int p(void *ctx) { ${type} e = {}; output(ctx, &out, 0, &e, sizeof(e)); return 0; }`;
  t.equal(typeOf(`struct event { u64 a; }; struct event unused; ${send('struct event')}`, 'out'), 'event');
  t.equal(
    typeOf(`struct event { u64 a; }; struct event unused; ${send('struct { u64 a[3]; }')}`, 'out'),
    undefined,
    'a struct of another size than is sent is not it',
  );
  t.equal(
    typeOf(`struct line { u64 a; u32 b; }; struct line *unused; ${send('struct line')}`, 'out'),
    'line',
    'what a global pointer points to',
  );
  const reserve = (type: string) =>
    `__attribute__((noinline)) int fill(${type} *r, u64 *x) { r->a = *x; return 0; }
     SEC("xdp") int p(void *ctx) { u64 x = 1; ${type} *r = reserve(&ring, sizeof(*r), 0); if (r) { fill(r, &x); discard(r, 0); } return 0; }`;
  t.equal(
    typeOf(`struct row { u64 a, b; }; ${reserve('struct row')}`, 'ring'),
    'row',
    'what a sender passes on',
  );
  t.equal(typeOf('SEC("xdp") int p(void *ctx) { return 0; }', 'ring'), undefined);
});

t.test('a large global is listed without its value', async t => {
  if (!needs(t, clang)) return;
  const source =
    'char large[100000000]; int small = 3; SEC("raw_tp") int p(void *ctx) { return small + large[3]; }';
  const { globals } = inspectObject(parse(compile(t, source)));
  t.match(
    globals.find(g => g.name === 'small'),
    { value: 3 },
  );
  const large = globals.find(g => g.name === 'large');
  t.equal(large?.size, 100_000_000);
  t.notOk(large && 'value' in large);
});
