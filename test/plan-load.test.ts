import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BpfCmd, BpfFuncId, enumName, hostEndian } from '../src/abi/index.js';
import { Btf } from '../src/btf/index.js';
import { decodeInsn, insnCount } from '../src/insn/index.js';
import {
  type FeatureName,
  type KernelView,
  type LinkedInsns,
  linkProgram,
  newestKernel,
  type ObjectSpec,
  type ProgramSpec,
  parseObject,
  planLoad,
} from '../src/object/index.js';
import { fixture, fixtureBytes, repository } from './repository.js';

const open = (name: string): ObjectSpec => parseObject(fixtureBytes(name), { file: fixture(name) });
const without = (...missing: FeatureName[]): KernelView => ({
  ...newestKernel({ possibleCpus: 4, release: '6.18.44' }),
  has: feature => !missing.includes(feature),
});
const program = (spec: ObjectSpec, name: string) => spec.programs.find(p => p.name === name) as ProgramSpec;

t.test('the calls that load opensnoop', async t => {
  const { steps, warnings } = planLoad(open('opensnoop'), without());
  const one = ['tracepoint__syscalls__sys_enter_open', 'tracepoint__syscalls__sys_enter_openat'];
  const four = [...one, 'tracepoint__syscalls__sys_exit_open', 'tracepoint__syscalls__sys_exit_openat'];
  t.same(
    steps.map(step => [enumName(BpfCmd, step.cmd)?.slice(4), step.makes, step.onError]),
    [
      ['BTF_LOAD', 'btf', 'ignore'],
      ['MAP_CREATE', 'map:start', 'fail'],
      ['MAP_CREATE', 'map:events', 'fail'],
      ['MAP_CREATE', 'map:.rodata', 'fail'],
      ['MAP_UPDATE_ELEM', undefined, 'fail'],
      ['MAP_FREEZE', undefined, 'fail'],
      ...four.flatMap(name => [
        ['PROG_LOAD', `prog:${name}`, 'fail'],
        ['PROG_BIND_MAP', undefined, 'ignore'],
      ]),
    ],
  );
  t.same(warnings, []);
  const attr = (makes: string) => steps.find(step => step.makes === makes)?.attr;
  t.same(attr('map:start'), {
    map_type: 1,
    key_size: 4,
    value_size: 16,
    max_entries: 10240,
    map_flags: 0,
    map_name: 'start',
    btf_fd: { fd: 'btf' },
    btf_key_type_id: 8,
    btf_value_type_id: 11,
  });
  t.same(
    attr('map:events'),
    { map_type: 4, key_size: 4, value_size: 4, max_entries: 4, map_flags: 0, map_name: 'events' },
    'one buffer a CPU, and no BTF',
  );
  t.match(attr('map:.rodata'), { map_name: 'opensnoo.rodata', map_flags: 0x480, btf_key_type_id: 0 });
  t.match(attr('prog:tracepoint__syscalls__sys_exit_open'), {
    prog_type: 5,
    insn_cnt: 101,
    license: 'Dual BSD/GPL',
    kern_version: (6 << 16) | (18 << 8) | 44,
    prog_flags: 0,
    prog_name: 'tracepoint__sys',
    expected_attach_type: 0,
    prog_btf_fd: { fd: 'btf' },
    func_info_rec_size: 8,
    func_info_cnt: 2,
    line_info_rec_size: 16,
    line_info_cnt: 34,
  });
  t.same(steps.map(step => step.what).slice(0, 8), [
    'BTF of the object',
    'map start',
    'map events',
    'map .rodata',
    'initial value of .rodata',
    'freeze .rodata',
    `program ${four[0]}`,
    `bind .rodata to program ${four[0]}`,
  ]);
});

t.test('an older kernel is asked less', async t => {
  const spec = open('opensnoop');
  const attrs = (kernel: KernelView, cmd: number) =>
    planLoad(spec, kernel)
      .steps.filter(step => step.cmd === cmd)
      .map(step => step.attr);
  const [load] = attrs(without('btf_func'), BpfCmd.BPF_PROG_LOAD);
  t.notOk('func_info' in (load ?? {}) || 'prog_btf_fd' in (load ?? {}));
  t.same(attrs(without('btf'), BpfCmd.BPF_BTF_LOAD), []);
  t.ok(attrs(without('btf'), BpfCmd.BPF_MAP_CREATE).every(attr => !('btf_fd' in attr)));
  t.ok(attrs(without('prog_name'), BpfCmd.BPF_MAP_CREATE).every(attr => !('map_name' in attr)));
  t.equal(attrs(without('mmapable_array'), BpfCmd.BPF_MAP_CREATE).at(-1)?.['map_flags'], 0x80);
  t.same(attrs(without('prog_bind_map'), BpfCmd.BPF_PROG_BIND_MAP), []);
  t.throws(() => planLoad(spec, without('global_data')), {
    name: 'ObjectError',
    message: /uses \.rodata, and kernel 6\.18\.44 has no global data \(it came with Linux 5\.2\)/,
  });
});

t.test('helpers newer than a kernel are replaced by the one they came from', async t => {
  const calls = (kernel: KernelView) => {
    const step = planLoad(open('opensnoop'), kernel).steps.find(s => s.makes?.endsWith('exit_open'));
    if (!step) throw new Error('the program is not planned');
    const { bytes } = step.attr['insns'] as LinkedInsns;
    return Array.from({ length: insnCount(bytes) }, (_, slot) => decodeInsn(bytes, slot, hostEndian))
      .filter(insn => insn.code === 0x85 && insn.src === 0)
      .map(insn => insn.imm);
  };
  t.ok(calls(without()).includes(BpfFuncId.BPF_FUNC_probe_read_user_str));
  const old = calls(without('probe_read_kernel'));
  t.notOk(old.includes(BpfFuncId.BPF_FUNC_probe_read_user_str));
  t.ok(old.includes(BpfFuncId.BPF_FUNC_probe_read_str));
});

t.test('BTF keeps its ids and sizes where kinds are replaced', async t => {
  const spec = open('test-types');
  const features: FeatureName[] = [
    'btf_datasec',
    'btf_func',
    'btf_func_global',
    'btf_float',
    'btf_decl_tag',
    'btf_enum64',
  ];
  for (const missing of [...features.map(f => [f]), features]) {
    const [step] = planLoad(spec, without(...missing)).steps;
    const btf = Btf.parse(step?.attr['btf'] as Uint8Array);
    t.ok(btf.endId >= (spec.btf?.endId ?? 0), missing.join());
    const kinds = new Set(Array.from({ length: btf.endId - 1 }, (_, i) => btf.type(i + 1).kind));
    if (missing.includes('btf_datasec')) t.notOk(kinds.has('datasec') || kinds.has('var'));
    if (missing.includes('btf_func')) t.notOk(kinds.has('func') || kinds.has('func_proto'));
    const id = btf.findByName('everything', 'struct') as number;
    t.equal(btf.sizeOf(id), spec.btf?.sizeOf(id));
  }
});

t.test('programs are chosen by name', async t => {
  const spec = open('test-subprog');
  const loaded = (programs?: string[]) =>
    planLoad(spec, newestKernel(), programs ? { programs } : {}).steps.flatMap(s =>
      s.cmd === BpfCmd.BPF_PROG_LOAD ? (s.makes ?? []) : [],
    );
  t.same(loaded(), ['prog:direct', 'prog:several', 'prog:callbacks', 'prog:elsewhere']);
  t.same(loaded(['elsewhere', 'direct']), ['prog:direct', 'prog:elsewhere'], 'in the order of the object');
  t.throws(() => loaded(['nothing']), {
    name: 'ObjectError',
    message: /program nothing: there is none of this name; there is direct, several, callbacks, elsewhere/,
  });
});

t.test('subprogs are appended once, depth first, in the order of the first call', async t => {
  const spec = open('test-subprog');
  const order = (name: string) =>
    linkProgram(spec, program(spec, name)).functions.map(f => [f.function.name, f.index]);
  t.same(order('direct'), [
    ['direct', 0],
    ['global_add', 11],
    ['square', 15],
  ]);
  t.same(order('several'), [
    ['several', 0],
    ['weak_twice', 17],
    ['hidden_minus', 25],
    ['unused_by_first', 31],
    ['square', 39],
  ]);
  t.same(order('callbacks'), [
    ['callbacks', 0],
    ['set_element', 26],
    ['add_element', 41],
  ]);
  t.same(order('elsewhere'), [
    ['elsewhere', 0],
    ['global_add', 13],
    ['square', 17],
    ['weak_twice', 25],
  ]);
});

t.test('calls, function addresses, maps and globals point at what they refer to', async t => {
  const spec = open('test-subprog');
  const linked = linkProgram(spec, program(spec, 'callbacks'));
  const at = (slot: number) => decodeInsn(linked.insns.bytes, slot, hostEndian);
  t.match(at(8), { code: 0x18, src: 4, imm: 26 - 8 - 1 }, 'BPF_PSEUDO_FUNC, relative to the next slot');
  t.match(at(14), { code: 0x18, src: 1, imm: 0 }, 'BPF_PSEUDO_MAP_FD');
  t.match(
    [at(20), at(21)],
    [
      { code: 0x18, src: 2, imm: 0 },
      { code: 0, imm: 8 },
    ],
    'BPF_PSEUDO_MAP_VALUE',
  );
  t.same(linked.insns.fixups, [
    { index: 14, ref: { fd: 'map:numbers' } },
    { index: 20, ref: { fd: 'map:.bss' } },
    { index: 35, ref: { fd: 'map:numbers' } },
  ]);
  const direct = linkProgram(spec, program(spec, 'direct')).insns.bytes;
  t.match(decodeInsn(direct, 2, hostEndian), { code: 0x85, src: 1, imm: 11 - 2 - 1 });
});

t.test('func and line info count slots of the whole program', async t => {
  const spec = open('test-subprog');
  const { functions, funcInfo, lineInfo } = linkProgram(spec, program(spec, 'several'));
  const words = (bytes: Uint8Array) => new Uint32Array(bytes.slice().buffer);
  const starts = [...words(funcInfo?.bytes as Uint8Array)].filter((_, i) => i % 2 === 0);
  t.same(
    starts,
    functions.map(f => f.index),
  );
  const lines = [...words(lineInfo?.bytes as Uint8Array)].filter((_, i) => i % 4 === 0);
  t.equal(lines.length, lineInfo?.count);
  t.same(
    [...lines].sort((a, b) => a - b),
    lines,
    'in order',
  );
  t.ok(
    functions.every(f => lines.includes(f.index)),
    'every function begins with a line',
  );

  // The kernel wants info of all functions or of none.
  const lacking = {
    ...spec,
    subprogs: spec.subprogs.map(f => (f.name === 'square' ? { ...f, lineInfo: [] } : f)),
  };
  const linked = linkProgram(lacking, program(lacking, 'several'));
  t.equal(linked.lineInfo, undefined);
  t.equal(linked.funcInfo?.count, 5);
});

const refs = ({ insns }: ReturnType<typeof linkProgram>) => insns.fixups.map(fixup => fixup.ref);

t.test('code of the other byte order links to the same program', async t => {
  for (const name of readdirSync(join(repository, 'fixtures', 'be'))) {
    const little = parseObject(readFileSync(join(repository, 'fixtures', name)), { file: name });
    const big = parseObject(readFileSync(join(repository, 'fixtures', 'be', name)), { file: name });
    for (const [index, p] of little.programs.entries()) {
      const [a, b] = [linkProgram(little, p), linkProgram(big, big.programs[index] as ProgramSpec)];
      t.same(refs(a), refs(b), `${name}: ${p.name}`);
      // The compiler puts strings and bit-fields together from other integers in the other order, packets have theirs, and usdt.bpf.h shifts.
      if (
        /test-(types|core|module|hash-maps|links-.*|run|verifier-faults)\.|buffer-config|pythongc|xdpcount/.test(
          name,
        )
      )
        continue;
      t.same(a.funcInfo, b.funcInfo);
      t.same(a.insns, b.insns);
    }
    t.equal(planLoad(big, newestKernel()).steps.length, planLoad(little, newestKernel()).steps.length);
  }
});

t.test('programs bound to kernel BTF', async t => {
  const spec = open('minimal');
  const bound = (
    section: string,
    attachTarget: string | undefined,
    type: number,
    attachType: number,
  ): ObjectSpec => ({
    ...spec,
    programs: spec.programs.map(p => ({ ...p, section, attachTarget, type, attachType })),
  });
  const names: Record<string, number> = {
    'func tcp_connect': 10,
    'typedef btf_trace_sched_switch': 20,
    'func bpf_iter_task': 30,
    'func bpf_lsm_file_open': 40,
  };
  const btf = { findByName: (name: string, kind: string) => names[`${kind} ${name}`] } as unknown as Btf;
  const id = (of: ObjectSpec) =>
    planLoad(of, newestKernel({ btf })).steps.find(s => s.cmd === BpfCmd.BPF_PROG_LOAD)?.attr[
      'attach_btf_id'
    ];
  t.equal(id(bound('fentry/tcp_connect', 'tcp_connect', 26, 24)), 10);
  t.equal(id(bound('tp_btf/sched_switch', 'sched_switch', 26, 23)), 20);
  t.equal(id(bound('iter/task', 'task', 26, 28)), 30);
  t.equal(id(bound('lsm/file_open', 'file_open', 29, 27)), 40);
  t.throws(() => id(bound('fentry/nothing', 'nothing', 26, 24)), {
    message: /program handle_tp: kernel 6\.18\.0 has no function nothing/,
  });
  t.throws(() => id(bound('fentry', undefined, 26, 24)), {
    message: /section fentry names no target: write SEC\("fentry\/…"\)/,
  });
});

t.test('the attach type is left out where it is optional and unknown', async t => {
  const spec = open('minimal');
  const xdp = {
    ...spec,
    programs: spec.programs.map(p => ({ ...p, section: 'xdp', type: 6, attachType: 37 })),
  };
  const attachType = (kernel: KernelView) =>
    planLoad(xdp, kernel).steps.find(s => s.cmd === BpfCmd.BPF_PROG_LOAD)?.attr['expected_attach_type'];
  t.equal(attachType(without()), 37);
  t.equal(attachType(without('expected_attach_type')), 0);
});

t.test('for kernels that do not know tagged arguments, the context has its type', async t => {
  const spec = parseObject(fixtureBytes('test-arg-ctx'), { file: 'test-arg-ctx.bpf.o' });
  const before6_8 = { ...newestKernel(), has: (feature: FeatureName) => feature !== 'arg_ctx_tag' };
  const { steps } = planLoad(spec, before6_8);
  const btf = Btf.parse(steps.find(s => s.cmd === BpfCmd.BPF_BTF_LOAD)?.attr['btf'] as Uint8Array);
  const argument = (program: string) => {
    const info = steps.find(s => s.makes === `prog:${program}`)?.attr['func_info'] as Uint8Array;
    const [, , , id = 0] = new Uint32Array(info.buffer, info.byteOffset, 4);
    const func = btf.type(id);
    const proto = btf.type((func as { type: number }).type);
    const first = proto.kind === 'func_proto' ? btf.resolved(proto.params[0]?.type ?? 0) : proto;
    return [func.name, btf.type((first as { type: number }).type).name];
  };
  t.same(argument('from_tracepoint'), ['stack_size', 'bpf_raw_tracepoint_args']);
  t.same(argument('from_event'), ['stack_size', 'bpf_perf_event_data']);
  const [first] = planLoad(spec, newestKernel()).steps;
  t.equal(first?.attr['btf_size'], spec.btf?.bytes.length, 'for the others nothing is added');
});
