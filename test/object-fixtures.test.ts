import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BpfAttachType, BpfMapType, BpfProgType } from '../src/abi/index.js';
import { type ObjectSpec, parseObject } from '../src/object/index.js';
import { needs, run } from './live.js';
import { fixture, fixtureBytes, repository } from './repository.js';

const open = (name: string): ObjectSpec => parseObject(fixtureBytes(name), { file: fixture(name) });
const names = readdirSync(join(repository, 'fixtures')).filter(name => name.endsWith('.bpf.o'));

t.test('opensnoop', async t => {
  const spec = open('opensnoop');
  t.match(spec, {
    name: 'opensnoop',
    endian: 'little',
    license: 'Dual BSD/GPL',
    version: undefined,
    externs: [],
    warnings: [],
  });
  t.same(
    spec.programs.map(p => [p.name, p.section, p.insns.length / 8]),
    [
      ['tracepoint__syscalls__sys_enter_open', 'tracepoint/syscalls/sys_enter_open', 40],
      ['tracepoint__syscalls__sys_enter_openat', 'tracepoint/syscalls/sys_enter_openat', 40],
      ['tracepoint__syscalls__sys_exit_open', 'tracepoint/syscalls/sys_exit_open', 75],
      ['tracepoint__syscalls__sys_exit_openat', 'tracepoint/syscalls/sys_exit_openat', 75],
    ],
  );
  t.match(spec.programs[0], {
    type: BpfProgType.BPF_PROG_TYPE_TRACEPOINT,
    attachType: 0,
    attachTarget: 'syscalls/sys_enter_open',
    sectionRule: 'tracepoint+',
    flags: 0,
    autoload: true,
    linkage: 'global',
    references: [
      { kind: 'mapValue', index: 7, map: '.rodata', offset: 4 },
      { kind: 'mapValue', index: 15, map: '.rodata', offset: 0 },
      { kind: 'mapValue', index: 21, map: '.rodata', offset: 8 },
      { kind: 'map', index: 34, map: 'start' },
    ],
  });
  t.match(spec.subprogs, [{ key: 'fill', section: '.text', linkage: 'static', sectionOffset: 0 }]);
  t.same(
    spec.maps.map(m => [m.name, m.kernelName, m.type, m.keySize, m.valueSize, m.maxEntries, m.flags]),
    [
      ['start', 'start', BpfMapType.BPF_MAP_TYPE_HASH, 4, 16, 10240, 0],
      ['events', 'events', BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0, 0],
      ['.rodata', 'opensnoo.rodata', BpfMapType.BPF_MAP_TYPE_ARRAY, 4, 13, 1, 0x480],
    ],
  );
  t.same(
    spec.globals.map(g => [g.name, g.map, g.offset, g.size, g.readonly]),
    [
      ['targ_pid', '.rodata', 0, 4, true],
      ['targ_tgid', '.rodata', 4, 4, true],
      ['targ_uid', '.rodata', 8, 4, true],
      ['targ_failed', '.rodata', 12, 1, true],
    ],
  );
});

t.test('every way to refer to a function', async t => {
  const spec = open('test-subprog');
  const of = (name: string) => {
    const all = [...spec.programs, ...spec.subprogs];
    return all
      .find(f => f.name === name)
      ?.references.map(r => ('func' in r ? `${r.kind} ${r.func}` : r.kind));
  };
  t.same(of('direct'), ['call global_add', 'mapValue']);
  t.same(of('several'), ['call weak_twice', 'call hidden_minus', 'call square', 'mapValue']);
  t.same(of('callbacks'), ['funcPtr set_element', 'map', 'funcPtr add_element', 'mapValue']);
  t.same(of('global_add'), ['call square'], 'a call inside .text has no relocation');
  t.same(of('hidden_minus'), ['call unused_by_first']);
  t.same(
    spec.subprogs.map(f => [f.name, f.linkage]),
    [
      ['global_add', 'global'],
      ['square', 'static'],
      ['weak_twice', 'weak'],
      ['hidden_minus', 'global'],
      ['unused_by_first', 'static'],
      ['set_element', 'static'],
      ['add_element', 'static'],
    ],
  );
  t.same(
    spec.programs.map(p => [p.name, p.sectionOffset]),
    [
      ['direct', 0],
      ['several', 88],
      ['callbacks', 224],
      ['elsewhere', 0],
    ],
    'programs that share a section have places in it',
  );
  const linkage = (name: string) => spec.btf?.type(spec.btf.findByName(name, 'func') ?? 0);
  t.match(linkage('global_add'), { linkage: 'global' });
  t.match(
    linkage('hidden_minus'),
    { linkage: 'static' },
    'the verifier is to check a hidden function with its callers',
  );
});

t.test('data sections and the variables in them', async t => {
  const spec = open('test-types');
  t.equal(spec.version, 0x060100);
  t.same(
    spec.maps
      .filter(m => m.internal)
      .map(m => [m.name, m.kernelName, m.valueSize, m.flags, m.internal?.kind]),
    [
      ['.rodata', 'test_typ.rodata', 104, 0x480, 'rodata'],
      ['.data', 'test_typ.data', 236, 0x400, 'data'],
      ['.rodata.own', '.rodata.own', 4, 0x480, 'rodata'],
      ['.data.own', '.data.own', 4, 0x400, 'data'],
      ['.bss', 'test_typ.bss', 220, 0x400, 'bss'],
      ['.rodata.cst16', '.rodata.cst16', 16, 0x80, 'rodata'],
    ],
    'a section without variables is not mapped',
  );
  const global = (name: string) => spec.globals.find(g => g.name === name);
  t.match(global('own_rw'), { map: '.data.own', offset: 0, size: 4, readonly: false });
  t.match(global('ro_packed'), { map: '.rodata', size: 11, readonly: true });
  t.equal(global('rw_hidden'), undefined, 'a static variable has no name outside');
  const bss = spec.maps.find(m => m.name === '.bss')?.internal?.bytes;
  t.ok(bss?.length === 220 && bss.every(byte => byte === 0));
});

t.test('a map can be told the sizes alone, or the types', async t => {
  const { maps, btf } = open('test-types');
  const map = (name: string) => maps.find(m => m.name === name);
  t.match(map('untyped'), { keySize: 8, valueSize: 24, keyTypeId: 0, valueTypeId: 0, flags: 1 });
  t.match(map('per_cpu'), {
    type: BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY,
    keySize: 4,
    valueSize: 8,
    maxEntries: 2,
  });
  t.match(map('by_struct'), { keySize: 11, valueSize: 200 });
  t.equal(btf?.type(map('by_struct')?.keyTypeId ?? 0).name, 'packed');
});

t.test('a section name may say more than the type', async t => {
  const spec = open('hello');
  t.match(
    spec.programs.map(p => [p.sectionRule, p.type, p.attachTarget, p.attachType]),
    [
      ['ksyscall+', BpfProgType.BPF_PROG_TYPE_KPROBE, 'execve', BpfAttachType.BPF_CGROUP_INET_INGRESS],
      ['tp+', BpfProgType.BPF_PROG_TYPE_TRACEPOINT, 'syscalls/sys_enter_execve', 0],
    ],
  );
});

t.test('objects of the other byte order say the same', async t => {
  for (const name of names) {
    const big = parseObject(readFileSync(join(repository, 'fixtures', 'be', name)), { file: name });
    const little = parseObject(readFileSync(join(repository, 'fixtures', name)), { file: name });
    t.equal(big.endian, 'big');
    const shape = (spec: ObjectSpec) => ({
      ...spec,
      endian: undefined,
      btf: undefined,
      btfExt: undefined,
      // Code for the two orders differs where it puts strings together from integers.
      programs: spec.programs.map(p => [p.key, p.section, p.type, p.linkage, p.funcInfo.length]),
      subprogs: spec.subprogs.map(f => [f.key, f.linkage]),
      maps: spec.maps.map(m => ({ ...m, internal: m.internal && { ...m.internal, bytes: undefined } })),
    });
    t.same(shape(big), shape(little), name);
  }
});

t.test('names, places and sizes are those that readelf gives', async t => {
  if (!needs(t, { tools: ['readelf'] })) return;
  for (const name of names) {
    const path = join(repository, 'fixtures', name);
    const spec = parseObject(readFileSync(path), { file: path });
    const sections = new Map(
      [...run('readelf', '-SW', path).matchAll(/\[ *(\d+)\] (\S+) +[A-Z]/g)].map(m => [m[1], m[2]]),
    );
    const symbols = [
      ...run('readelf', '-sW', path).matchAll(/^ *\d+: (\w+) +(\d+) FUNC +\w+ +\w+ +(\d+) (\S+)/gm),
    ];
    const theirs = symbols.map(([, value, size, section, symbol]) =>
      [
        symbol,
        sections.get(section as string)?.replace(/^\?/, ''),
        Number.parseInt(value as string, 16),
        Number(size),
      ].join(' '),
    );
    const ours = [...spec.programs, ...spec.subprogs].map(f =>
      [f.name, f.section, f.sectionOffset, f.insns.length].join(' '),
    );
    t.ok(theirs.length > 0);
    t.same(ours.sort(), theirs.sort(), name);
  }
});

t.test('maps and programs are those that bpftool gives a skeleton', async t => {
  if (!needs(t, { tools: ['bpftool'] })) return;
  for (const name of names) {
    const path = join(repository, 'fixtures', name);
    const spec = parseObject(readFileSync(path), { file: path, name: 'skeletal' });
    const skeleton = run('bpftool', 'gen', 'skeleton', path, 'name', 'skeletal');
    const listed = (what: string) =>
      [...skeleton.matchAll(new RegExp(`->${what}\\[\\d+\\]\\.name = "(.*)"`, 'g'))].map(m => m[1]);
    t.same(
      listed('progs'),
      spec.programs.map(p => p.name),
      name,
    );
    // String literals and constants have no name that C could say.
    const named = (map: string | undefined) => !/^\.rodata\.(str|cst)/.test(map ?? '');
    const cut = listed('maps').map(map => map?.slice(0, 15));
    // The libbpf of Debian's bpftool knows no maps of .struct_ops.link (libbpf 1.2).
    const maps = spec.maps.filter(map => !map.structOps || cut.includes(map.kernelName));
    t.same(cut.filter(named), maps.map(m => m.kernelName).filter(named), name);
  }
});
