import t from 'tap';
import { BpfAttachType, BpfCmd, BpfMapType, BpfProgType, hostEndian } from '../src/abi/index.js';
import { BpfObject, Kernel, UnsupportedFeatureError, VerifierError } from '../src/index.js';
import { assemble, exit, type Insn, mov } from '../src/insn/index.js';
import type { Plan, PlanStep } from '../src/object/index.js';
import { execute } from '../src/programs/execute.js';
import { bpfCalls, Errno, FakeSys, liveSys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

const object = { ...BpfObject.open(fixture('minimal')).spec, file: 'made-up.bpf.o' };

function planOf(...steps: Partial<PlanStep>[]): Plan {
  const full = steps.map(step => ({
    cmd: 0,
    attr: {},
    makes: undefined,
    what: 'a step',
    onError: 'fail' as const,
    ...step,
  }));
  return { object, steps: full, structOps: [], coreRelocations: [], warnings: [] };
}

function program(insns: readonly Insn[], attr: PlanStep['attr'] = {}): Partial<PlanStep> {
  return {
    cmd: BpfCmd.BPF_PROG_LOAD,
    what: 'program made_up',
    makes: 'prog:made_up',
    attr: {
      prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER,
      insns: assemble(insns, hostEndian),
      insn_cnt: insns.length,
      license: 'GPL',
      ...attr,
    },
  };
}

const map = (attr: PlanStep['attr']): Partial<PlanStep> => ({
  cmd: BpfCmd.BPF_MAP_CREATE,
  what: 'map made_up',
  makes: 'map:made_up',
  attr,
});

/** What executing a plan on this kernel throws. */
function refusal(plan: Plan): unknown {
  const sys = liveSys();
  try {
    for (const fd of execute(sys, Kernel.running(sys), plan).values()) fd.close();
    return undefined;
  } catch (error) {
    return error;
  }
}

t.test('the verifier says why, in one line and in full', async t => {
  if (!needs(t, { bpf: true })) return;
  const error = refusal(planOf(program([exit()]))) as VerifierError;
  t.type(error, VerifierError);
  t.match(error, {
    errnoName: 'EACCES',
    truncated: false,
    fault: { reason: 'R0 !read_ok', instruction: '0: (95) exit' },
  });
  t.match(
    error.message,
    /^made-up\.bpf\.o: program made_up: refused by the verifier: R0 !read_ok \(EACCES; \d+ lines? of log omitted\)$/,
  );
  t.match(error.explain(), /R0 !read_ok(.|\n)*initialise the variable/);
});

t.test('a log that is longer than the first buffer is all there', async t => {
  if (!needs(t, { bpf: true })) return;
  const long = Array.from({ length: 4000 }, (_, i) => mov(1, i));
  const error = refusal(planOf(program([...long, exit()]))) as VerifierError;
  t.type(error, VerifierError);
  t.ok(error.log.length > 65536, `${error.log.length} bytes`);
  t.match(error.log, /^0: /m);
  t.match(error.log, /^3999: /m);
  t.equal(error.truncated, false);
  t.equal(error.fault.reason, 'R0 !read_ok');
});

t.test('what the kernel refuses without a log is explained', async t => {
  if (!needs(t, { bpf: true })) return;
  const array = { map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 8, max_entries: 1 };
  t.equal(refusal(planOf(map(array))), undefined);
  t.match(refusal(planOf(map({ ...array, max_entries: 0 }))), {
    code: 'ERR_RAWBPF_SYSCALL',
    cmd: 'BPF_MAP_CREATE',
    errnoName: 'EINVAL',
    message: /^made-up\.bpf\.o: map made_up: bpf\(BPF_MAP_CREATE\): EINVAL .*max_entries is 0/,
  });
  const ring = { map_type: BpfMapType.BPF_MAP_TYPE_RINGBUF, max_entries: 5000 };
  t.match(refusal(planOf(map(ring))), { message: /a power of two and a multiple of 4096; it is 5000/ });
  t.match(refusal(planOf(map({ map_type: 999, key_size: 4, value_size: 4, max_entries: 1 }))), {
    code: 'ERR_RAWBPF_UNSUPPORTED_FEATURE',
    feature: 'type 999 maps',
  });
  t.match(refusal(planOf(program([mov(0, 0), exit()], { prog_type: 999 }))), {
    code: 'ERR_RAWBPF_UNSUPPORTED_FEATURE',
    feature: 'type 999 programs',
  });
  t.match(refusal(planOf(program([]))), { message: /1 to 1000000 instructions, this one 0/ });
});

t.test('a log of statistics alone is no word of the verifier', async t => {
  const sys = new FakeSys();
  sys.answer(BpfCmd.BPF_PROG_LOAD, (attr, memory) => {
    const statistics = new TextEncoder().encode('processed 0 insns (limit 1000000)\n');
    if (attr['log_level'] === 1) memory(attr['log_buf']).set(statistics);
    return -Errno.ENOMEM;
  });
  t.throws(() => execute(sys, Kernel.running(sys), planOf(program([exit()]))), {
    code: 'ERR_RAWBPF_SYSCALL',
    message: /ENOMEM.*the kernel has no memory for the program/,
  });
});

t.test('a log that never fits is cut, and says so', async t => {
  const sys = new FakeSys();
  const sizes: number[] = [];
  sys.answer(BpfCmd.BPF_PROG_LOAD, (attr, memory) => {
    const size = Number(attr['log_size']);
    if (size === 0) return -Errno.EACCES;
    sizes.push(size);
    // As kernels before 5.2 do.
    if (size > 0xff_ffff) return -Errno.EINVAL;
    memory(attr['log_buf']).set(new TextEncoder().encode('0: (b7) r0 = 0\n'));
    return -Errno.ENOSPC;
  });
  const error = t.throws(() => execute(sys, Kernel.running(sys), planOf(program([exit()])))) as unknown;
  t.match(error, {
    code: 'ERR_RAWBPF_VERIFIER',
    errnoName: 'EACCES',
    truncated: true,
    log: '0: (b7) r0 = 0\n',
  });
  t.same(
    sizes,
    [0x1_0000, 0x10_0000, 0xff_ffff, 0xfff_ffff, 0x1_0000],
    'the last is for the complaint alone',
  );
});

t.test('the ladder asks the kernel only what it must', async t => {
  const sys = new FakeSys();
  sys.answer(BpfCmd.BPF_PROG_LOAD, -Errno.EPERM);
  const tracing = {
    prog_type: BpfProgType.BPF_PROG_TYPE_TRACING,
    expected_attach_type: BpfAttachType.BPF_TRACE_FENTRY,
  };
  t.throws(() => execute(sys, Kernel.running(sys), planOf(program([exit()], tracing))));
  t.same(
    bpfCalls(sys, 'BPF_PROG_LOAD')
      .filter(attr => attr['prog_type'] === BpfProgType.BPF_PROG_TYPE_TRACING)
      .map(attr => attr['log_level']),
    [0, 1],
    'once without a log, once with',
  );
});

t.test('a step that may fail does not end the load; BTF that is not there is not leant on', async t => {
  const sys = new FakeSys();
  sys.answer(BpfCmd.BPF_BTF_LOAD, -Errno.EINVAL);
  const btf = { fd: 'btf' };
  const made = execute(
    sys,
    Kernel.running(sys),
    planOf(
      {
        cmd: BpfCmd.BPF_BTF_LOAD,
        attr: { btf: new Uint8Array(8), btf_size: 8 },
        makes: 'btf',
        onError: 'ignore',
      },
      map({
        map_type: 2,
        key_size: 4,
        value_size: 4,
        max_entries: 1,
        btf_fd: btf,
        btf_key_type_id: 1,
        btf_value_type_id: 2,
      }),
      program([exit()], {
        prog_btf_fd: btf,
        func_info: new Uint8Array(8),
        func_info_cnt: 1,
        func_info_rec_size: 8,
      }),
    ),
  );
  t.same([...made.keys()], ['map:made_up', 'prog:made_up']);
  t.match(bpfCalls(sys, 'BPF_MAP_CREATE')[0], {
    map_type: 2,
    btf_fd: 0,
    btf_key_type_id: 0,
    btf_value_type_id: 0,
  });
  t.match(bpfCalls(sys, 'BPF_PROG_LOAD')[0], {
    insn_cnt: 1,
    prog_btf_fd: 0,
    func_info: 0n,
    func_info_cnt: 0,
  });
  for (const fd of made.values()) fd.close();
});

t.test('the fds of earlier steps stand where the plan names them', async t => {
  const sys = new FakeSys();
  const insns = assemble([mov(0, 0), mov(1, 0), exit()], hostEndian);
  const given = insns.slice();
  const made = execute(
    sys,
    Kernel.running(sys),
    planOf(
      { ...map({ map_type: 1, key_size: 4, value_size: 4, max_entries: 1 }), makes: 'map:a' },
      program([], { insns: { bytes: insns, fixups: [{ index: 1, ref: { fd: 'map:a' } }] }, insn_cnt: 3 }),
      { cmd: BpfCmd.BPF_PROG_BIND_MAP, attr: { prog_fd: { fd: 'prog:made_up' }, map_fd: { fd: 'map:a' } } },
    ),
  );
  const [a, prog] = [made.get('map:a')?.value, made.get('prog:made_up')?.value];
  t.match(bpfCalls(sys, 'BPF_PROG_BIND_MAP')[0], { prog_fd: prog, map_fd: a });
  t.strictSame(insns, given, 'the plan is as it was: it can be executed again');
  for (const fd of made.values()) fd.close();
  t.throws(
    () => execute(sys, Kernel.running(sys), planOf(program([exit()], { prog_btf_fd: { fd: 'map:b' } }))),
    {
      code: 'ERR_RAWBPF_FORMAT',
      message: /map:b, which no earlier call made/,
    },
  );
});

t.test('attaching to what is not there', async t => {
  if (!needs(t, { bpf: true })) return;
  using obj = BpfObject.open(fixture('hello-tail')).load();
  t.throws(() => obj.program('hello').attachTo({ kind: 'raw_tracepoint', name: 'sys_entre' }), {
    code: 'ERR_RAWBPF_SYSCALL',
    errnoName: 'ENOENT',
    message:
      /hello-tail\.bpf\.o: program hello: attach to raw_tracepoint sys_entre: .*no raw tracepoint sys_entre/,
  });
  t.throws(
    () =>
      obj.program('hello').attachTo({ kind: 'tracepoint', category: 'syscalls', name: 'sys_enter_execv' }),
    {
      code: 'ERR_RAWBPF_TRACEFS',
    },
  );
  t.throws(
    () =>
      obj.program('hello').attachTo({ kind: 'tracepoint', category: 'syscalls', name: 'sys_enter_execve' }),
    {
      errnoName: 'EINVAL',
      message: /a program of this type cannot run at a tracepoint/,
    },
  );
  t.throws(() => obj.program('hello_exec').attach(), {
    code: 'ERR_RAWBPF_FORMAT',
    message: /no target.*attachTo/,
  });
  t.same(obj.program('hello').links, []);
  t.throws(() => obj.program('helo'), { code: 'ERR_RAWBPF_OBJECT', message: /helo.*hello_exec/ });
  t.throws(() => obj.map('syscalls'), { code: 'ERR_RAWBPF_OBJECT', message: /syscalls.*syscall/ });
  t.equal(obj.programs['helo'], undefined);
});

t.test('a kprobe where the kernel has none', async t => {
  if (!needs(t, { bpf: true })) return;
  using obj = BpfObject.open(fixture('hello')).load();
  try {
    const links = obj.attach();
    t.equal(links.length, 2, 'this kernel has kprobes');
  } catch (error) {
    t.type(error, UnsupportedFeatureError);
    t.match(error, {
      feature: 'kprobes',
      message: /program hello: this kernel does not support kprobes: .*CONFIG_KPROBES/,
    });
    t.match((error as UnsupportedFeatureError).explain(), /Attach to a tracepoint.* instead/);
    t.same(
      Object.values(obj.programs).flatMap(p => p.links),
      [],
      'nothing stays attached',
    );
  }
});

t.test('a loaded object is not loaded again, and a closed one not used', async t => {
  if (!needs(t, { bpf: true })) return;
  const obj = BpfObject.open(fixture('minimal')).load();
  t.throws(() => obj.load(), { code: 'ERR_RAWBPF_STATE', message: /already loaded/ });
  const program = obj.program('handle_tp');
  const [link] = obj.attach();
  t.ok(program.fd >= 0 && (link?.fd ?? -1) >= 0);
  obj.close();
  for (const act of [() => program.fd, () => program.info(), () => program.attach(), () => link?.fd])
    t.throws(act, { code: 'ERR_RAWBPF_STATE', message: /closed/ });
  link?.close();
  program.close();
});
