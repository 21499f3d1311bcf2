import t from 'tap';
import { BpfObject, enableStats, type Program, UnsupportedFeatureError } from '../src/index.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

t.test('xlated code reads as bpftool prints it', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const dumps = [
    ['opensnoop', 'tracepoint__syscalls__sys_exit_openat', ['linum']],
    // Not callbacks, which came with Linux 5.13.
    ['test-subprog', 'several', ['opcodes']],
    ['hello-tail', 'hello', []],
  ] as const;
  // Each dump of bpftool reads the kernel's symbols, which takes seconds in a guest.
  for (const [file, name, details] of process.env['IN_VM'] ? dumps.slice(0, 1) : dumps) {
    using obj = BpfObject.open(fixture(file)).load({ programs: [name] });
    const program = obj.program(name);
    t.same(xlated(program, details), bpftool(program, details), `${file}: ${name} ${details}`);
  }
});

function xlated(program: Program, details: readonly string[]): string[] {
  const options = { linum: details.includes('linum'), opcodes: details.includes('opcodes') };
  return program.xlated(options).map(line => line.trimEnd());
}

function bpftool(program: Program, details: readonly string[]): string[] {
  const text = run('bpftool', 'prog', 'dump', 'xlated', 'id', String(program.info().id), ...details);
  return text
    .trimEnd()
    .split('\n')
    .map(line => line.trimEnd());
}

t.test('machine code has every function, its bytes and its lines', async t => {
  if (!needs(t, { bpf: true })) return;
  using obj = BpfObject.open(fixture('test-subprog')).load({ programs: ['direct'] });
  const program = obj.program('direct');
  const { jitedBytes } = program.info();
  const { lengths, jited, functions } = program.code();
  t.equal(jited.length, jitedBytes);
  t.equal(
    lengths.reduce((sum, length) => sum + length, 0),
    jitedBytes,
  );
  t.same(
    functions.map(f => f.name),
    ['direct', 'global_add', 'square'],
  );
  const lines = program.jited({ linum: true });
  const bytes = lines.map(line => /^ *[0-9a-f]+:((?: [0-9a-f]{2})+)$/.exec(line)?.[1] ?? '').join('');
  t.equal(bytes.match(/ [0-9a-f]{2}\b/g)?.length, jitedBytes, 'no byte is left out');
  t.ok(lines.some(line => /^bpf_prog_[0-9a-f]{16}_square:$/.test(line)));
  t.ok(
    lines.some(line =>
      /; calls\+\+; \[file:bpf\/test-subprog\.bpf\.c line_num:\d+ line_col:\d+\]/.test(line),
    ),
  );
});

t.test('runs are counted while statistics are enabled', async t => {
  if (!needs(t, { bpf: true })) return;
  using obj = BpfObject.open(fixture('test-run')).load({ programs: ['add_args'] });
  const program = obj.program('add_args');
  const before = program.info().runCount;
  const runs = () => {
    for (let i = 0; i < 10; i++) program.testRun({ context: [1, 2] });
    return program.info();
  };
  {
    using statistics = enableStats();
    const { runCount, runTimeNs } = runs();
    t.equal(runCount - before, 10n);
    t.ok(runTimeNs > 0n);
    statistics.close();
  }
  t.equal(runs().runCount - before, 10n);
});

t.test('a program has streams to write to, read once', async t => {
  if (!needs(t, { bpf: true })) return;
  using obj = BpfObject.open(fixture('test-run')).load({ programs: ['add_args'] });
  try {
    t.equal(obj.program('add_args').stream('stdout'), '');
  } catch (error) {
    t.match(error, { since: '6.17' });
    t.type(error, UnsupportedFeatureError);
    return;
  }
  using writer = BpfObject.open(fixture('test-run')).load({ programs: ['write_streams'] });
  const program = writer.program('write_streams');
  const refused = program.testRun().returnValue;
  // -ENOMEM: the kernel gives streams only memory that it has at hand.
  t.ok([0, 0xffff_fff4].includes(refused), `the kfunc answered ${refused | 0}`);
  t.equal(program.stream('stdout'), refused ? '' : 'stream 1 says hello\n');
  t.equal(program.stream('stderr'), refused ? '' : 'stream 2 says hello\n');
  t.equal(program.stream('stderr'), '');
});
