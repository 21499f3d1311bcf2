import t, { type Test } from 'tap';
import { BpfObject, Kernel, type LiveStruct } from '../src/index.js';
import type { FeatureName } from '../src/object/index.js';
import { liveSys } from '../src/syscall/index.js';
import { compile } from './compile.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';

function holds(t: Test, obj: BpfObject): void {
  const { globals } = obj;
  globals['ro_u64'] = 5n;
  globals['rw_u64'] = 37n;
  globals['rw_name'] = 'changed';
  obj.load();
  t.equal(globals['ro_u64'], 5n, 'read-only ones stay readable');
  t.equal(globals['rw_name'], 'changed', 'those in .data are as they were set');
  t.throws(() => (globals['ro_u64'] = 6n), {
    code: 'ERR_RAWBPF_STATE',
    message: /global ro_u64: it is in \.rodata.*before/,
  });
  t.throws(() => (globals['rw_u64'] = 'x'), { code: 'ERR_RAWBPF_OBJECT' });

  t.equal(testRun(obj.program('copy_everything')), 0);
  t.equal(globals['zero_u64'], 42n, 'what the program computed of both');
  t.same(globals['zero_array'], [0, 0, 4]);
  t.same(globals['zero_everything'], globals['rw_everything']);
  t.equal(globals['own_rw'], 11);

  globals['rw_u64'] = 95n;
  t.equal(globals['own_rw'], 11, 'its neighbours are as they were');
  t.equal(testRun(obj.program('copy_everything')), 0);
  t.equal(globals['zero_u64'], 100n, 'the program saw what was set while it was loaded');
  t.equal(globals['own_rw'], 16);

  obj.close();
  t.equal(globals['ro_u64'], 5n);
  t.throws(() => globals['rw_u64'], { code: 'ERR_RAWBPF_STATE', message: /closed/ });
  t.throws(() => (globals['rw_u64'] = 1n), { code: 'ERR_RAWBPF_STATE' });
}

t.test('globals of a loaded object are those of its programs', async t => {
  if (!needs(t, { bpf: true })) return;
  holds(t, BpfObject.open(fixture('test-types')));
});

t.test('where the kernel cannot map a data section, by system calls', async t => {
  if (!needs(t, { bpf: true })) return;
  const sys = { ...liveSys() };
  const kernel = Kernel.running(sys);
  const has = kernel.has.bind(kernel);
  kernel.has = (feature: FeatureName) => feature !== 'mmapable_array' && has(feature);
  holds(t, BpfObject.open(fixture('test-types'), { sys, kernel }));
});

t.test('names that there are not', async t => {
  const object = BpfObject.open(fixture('test-types'));
  const { globals } = object;
  t.equal(globals['rw_itn'], undefined, 'reads as any object does');
  t.throws(() => (globals['rw_itn'] = 1), {
    code: 'ERR_RAWBPF_OBJECT',
    message: /global rw_itn: .*there is .*rw_int/,
  });
  t.throws(() => object.globalView('rw_itn'), { code: 'ERR_RAWBPF_OBJECT' });
  t.throws(() => object.globalArray('rw_itn'), { code: 'ERR_RAWBPF_OBJECT' });
  t.same(
    Object.keys(globals).sort(),
    object.spec.globals.map(g => g.name).sort(),
    'those that there are can be listed',
  );
  t.equal('rw_int' in globals, true);
  t.equal('rw_itn' in globals, false);
  t.throws(() => Object.defineProperty(globals, 'rw_itn', { value: 1 }), TypeError);
});

t.test('a struct where it is', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-types'));
  const { globals } = object;
  const everything = object.globalView('rw_everything');
  everything['u64'] = 5n;
  t.same(Object.keys(globals['rw_everything'] as object).sort(), membersOf(everything).sort());
  object.load();
  t.equal(everything['u64'], 5n, 'set before load, seen after');
  everything['s32'] = -77;
  (everything['bits'] as LiveStruct)['c'] = 255;
  const raw = everything['matrix'] as Uint16Array[];
  raw[1]![2] = 99;
  t.equal(testRun(object.program('copy_everything')), 0);
  const copied = globals['zero_everything'] as Record<string, unknown>;
  t.match(copied, {
    u64: 5n,
    s32: -77,
    matrix: [
      [1, 2, 3],
      [4, 5, 99],
    ],
    name: 'everything',
  });
  t.same(copied['bits'], {
    a: 1,
    b: 100,
    c: 255,
    d: 30000,
    e: 0xabcdef0123n,
    f: -5000000,
    plain: 77,
    g: 5,
    h: true,
  });
  t.match(object.globalView('zero_everything'), copied, 'every member, one by one');
  for (const name of membersOf(everything)) t.match(everything[name], copied[name], name);

  everything['bits'] = { a: 0, c: -1 };
  t.match(globals['rw_everything'], { bits: { a: 0, b: 0, c: -1 }, u64: 5n }, 'a struct in it, as a whole');
  everything['low'] = 0xffff;
  t.match(
    globals['rw_everything'],
    { word: 0x1122ffff, high: 0x1122 },
    'a member of an anonymous struct in a union',
  );
  t.throws(() => (everything['low'] = 0x10000), { name: 'TypeError', message: /^low: / });
  t.throws(() => (everything['nothing'] = 1), TypeError);
  t.throws(() => object.globalView('rw_u64'), { name: 'TypeError', message: /only structs and unions/ });
  const constant = object.globalView('ro_packed');
  t.match(constant, { tag: 1, value: 2n, tail: 3 });
  t.throws(() => (constant['tag'] = 2), { code: 'ERR_RAWBPF_STATE' });
  object.close();
  t.throws(() => everything['u64'], { code: 'ERR_RAWBPF_STATE', message: /closed/ });
  t.equal(constant['tag'], 1);
});

t.test('every global is what bpftool says of its section', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-types')).load();
  t.equal(testRun(object.program('copy_everything')), 0);
  let compared = 0;
  for (const { name, map } of object.spec.globals) {
    const [entry] = JSON.parse(run('bpftool', '-j', 'map', 'dump', 'id', String(object.map(map).id))) as {
      formatted: { value: Record<string, Record<string, unknown>[]> };
    }[];
    const theirs = Object.assign({}, ...Object.values(entry!.formatted.value).flat());
    const ours = object.globals[name];
    if (!['number', 'bigint', 'boolean'].includes(typeof ours) && !Array.isArray(ours)) continue;
    t.same(JSON.parse(JSON.stringify(ours, asNumbers)), asNumber(theirs[name]), name);
    compared++;
  }
  t.ok(compared >= 12, `${compared} compared`);
});

t.test('typed arrays over globals', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-types'));
  t.throws(() => object.globalArray('zero_array'), {
    code: 'ERR_RAWBPF_STATE',
    message: /load\(\) comes first/,
  });
  object.load();
  const array = object.globalArray('zero_array');
  t.ok(array instanceof Uint32Array);
  t.same([...array], [0, 0, 0]);
  t.equal(testRun(object.program('copy_everything')), 0);
  t.same([...array], [0, 0, 4], 'what the program wrote');
  array[0] = 7;
  t.same(object.globals['zero_array'], [7, 0, 4]);
  const scalar = object.globalArray('rw_u64');
  scalar[0] = 95n;
  t.equal(testRun(object.program('copy_everything')), 0);
  t.equal(object.globals['zero_u64'], BigInt.asUintN(64, (1n << 63n) + 1n + 95n), 'what the program read');
  t.throws(() => object.globalArray('rw_everything'), { name: 'TypeError', message: /only scalars/ });
  t.throws(() => object.globalArray('ro_array'), { code: 'ERR_RAWBPF_STATE' });
  object.close();
  t.same([...array], [0, 0, 0], 'zeros once closed');
  t.throws(() => object.globalArray('zero_array'), { code: 'ERR_RAWBPF_STATE' });
});

t.test('reading a mapped global asks the kernel nothing', async t => {
  if (!needs(t, { bpf: true })) return;
  const live = liveSys();
  let calls = 0;
  const bpf: typeof live.bpf = (...args) => {
    calls++;
    return live.bpf(...args);
  };
  const sys = { ...live, bpf };
  using object = BpfObject.open(fixture('test-types'), { sys }).load();
  object.globals['zero_u64'] = 1n;
  const before = calls;
  for (let i = 0; i < 1000; i++) object.globals['zero_u64'] = (object.globals['zero_u64'] as bigint) + 1n;
  t.equal(object.globals['zero_u64'], 1001n);
  t.equal(calls, before);
});

t.test('where mmap is refused, by system calls', async t => {
  if (!needs(t, { bpf: true })) return;
  const sys = { ...liveSys(), mmap: () => -12 };
  holds(t, BpfObject.open(fixture('test-types'), { sys }));
  using object = BpfObject.open(fixture('test-types'), { sys }).load();
  t.throws(() => object.globalArray('zero_array'), { code: 'ERR_RAWBPF_STATE', message: /cannot be mapped/ });
  const view = object.globalView('zero_everything');
  view['u16'] = 3;
  t.match(object.globals['zero_everything'], { u16: 3 }, 'structs can be viewed all the same');
  t.same(view['matrix'], [
    [0, 0, 0],
    [0, 0, 0],
  ]);
  t.throws(() => ((view['matrix'] as number[][])[0]![0] = 1), TypeError, 'arrays of which are copies');
});

t.test("the kernel's configuration", async t => {
  if (!needs(t, { bpf: true, tools: ['clang'] })) return;
  const source = `
extern int LINUX_KERNEL_VERSION SEC(".kconfig");
SEC("raw_tp") int read(void *ctx) { return LINUX_KERNEL_VERSION; }
`;
  using object = BpfObject.open(compile(t, source));
  const { globals } = object;
  const name = 'LINUX_KERNEL_VERSION';
  t.equal(globals[name], undefined, 'is not known before load');
  t.throws(() => (globals[name] = 1), { code: 'ERR_RAWBPF_STATE', message: /cannot be set/ });
  object.load();
  t.equal(globals[name], Kernel.running(liveSys()).versionCode);
  t.equal(testRun(object.program('read')), globals[name]);
  t.throws(() => (globals[name] = 1), { code: 'ERR_RAWBPF_STATE', message: /cannot be set/ });
  object.close();
  t.throws(() => globals[name], { code: 'ERR_RAWBPF_STATE' });
});

function membersOf(view: LiveStruct): string[] {
  const names: string[] = [];
  for (const name in view) names.push(name);
  return names;
}

function asNumbers(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** bpftool prints enums by name. */
function asNumber(value: unknown): unknown {
  return value === 'GREEN' ? 5 : value;
}
