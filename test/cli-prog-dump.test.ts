import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BpfObject, type Program } from '../src/index.js';
import { rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

t.setTimeout(120_000);

const idOf = (program: Program): string => String(program.info().id);

/** The lines, without the blanks that end some of bpftool's. */
const linesOf = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map(line => line.trimEnd());

t.test('rawbpf prog dump prints what bpftool does', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-subprog')).load({ programs: ['direct'], pinRoot: false });
  const id = idOf(object.program('direct'));
  const { status, stdout } = rawbpf('prog', 'dump', 'xlated', id, 'linum');
  t.equal(status, 0);
  t.same(linesOf(stdout), linesOf(run('bpftool', 'prog', 'dump', 'xlated', 'id', id, 'linum')));
  t.match(rawbpf('prog', 'dump', 'xlated', '4294967295'), { status: 1, stderr: /ENOENT/ });
  t.match(rawbpf('prog', 'dump', 'source', id), { status: 2 });
  for (const [words, message] of [
    [['linus'], /linus: not expected here/],
    [['file'], /the file to write is missing/],
    [['file', 'x', 'opcodes'], /no linum, opcodes or visual with it/],
    [['visual', '--json'], /has no JSON/],
  ] as const)
    t.match(rawbpf('prog', 'dump', 'xlated', id, ...words), { status: 1, stdout: '', stderr: message });
});

t.test(
  'the control flow is that of bpftool, of a program of one function that ends in its last instruction',
  async t => {
    if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
    using object = BpfObject.open(fixture('opensnoop')).load({ pinRoot: false });
    const id = idOf(object.program('tracepoint__syscalls__sys_enter_open'));
    const theirs = linesOf(run('bpftool', 'prog', 'dump', 'xlated', 'id', id, 'visual'));
    const ours = linesOf(rawbpf('prog', 'dump', 'xlated', id, 'visual').stdout);
    // From 7.2 on, bpftool has lines of source in its graphs, and is compared as it is.
    if (theirs.some(line => line.startsWith('; '))) t.same(ours, theirs);
    else t.same(graphOf(ours), graphOf(theirs));
  },
);

/** The blocks with their instructions, and the edges, of which bpftool 7.1 draws some twice. */
function graphOf(lines: readonly string[]): { blocks: string[]; edges: string[] } {
  const text = lines.join('\n');
  const blocks = [...text.matchAll(/(fn_\w+) \[shape|\d+: (\(.*)\\l/g)].map(
    ([, node, insn]) => `${node ?? insn}`,
  );
  const edges = [...text.matchAll(/fn_\w+:s -> fn_\w+:n/g)].map(([edge]) => edge);
  return { blocks, edges: [...new Set(edges)] };
}

t.test('the control flow has every function, and exits lead to EXIT', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-listing')).load({
    programs: ['a_program_with_a_long_name'],
    pinRoot: false,
  });
  const program = object.program('a_program_with_a_long_name');
  const graph = program.graph({ opcodes: true }).join('\n');
  t.equal(graph.match(/^subgraph/gm)?.length, 2);
  const blocks = [...graph.matchAll(/^\t(fn_\d+_bb_\d+) \[shape=record.*?"\];/gms)];
  const insns = blocks.flatMap(([text]) =>
    [...text.matchAll(/^(?:\| |)(\d+): \(/gm)].map(([, index]) => Number(index)),
  );
  t.same(
    insns,
    program
      .xlated()
      .flatMap(line => /^ *(\d+): \(/.exec(line)?.[1] ?? [])
      .map(Number),
  );
  for (const [text, name = ''] of blocks) {
    const next = [...graph.matchAll(new RegExp(`^\\t${name}:s -> (\\w+):n`, 'gm'))].map(([, to]) => to);
    if (text.includes('(95) exit')) t.same(next, [name.replace(/\d+$/, '1')], name);
    else t.ok(next.length >= 1, name);
  }
});

t.test('machine code is disassembled by objdump, and all of it is there', async t => {
  if (!needs(t, { bpf: true, tools: ['objdump'] })) return;
  using object = BpfObject.open(fixture('test-listing')).load({
    programs: ['a_program_with_a_long_name'],
    pinRoot: false,
  });
  const program = object.program('a_program_with_a_long_name');
  const id = idOf(program);
  const { jited, lengths } = program.code();
  const functions = JSON.parse(rawbpf('prog', 'dump', 'jited', id, 'opcodes', 'linum', '--json').stdout);
  t.match(functions, [
    { proto: 'int a_program_with_a_long_name(struct bpf_raw_tracepoint_args * ctx)', insns: [{ pc: '0x0' }] },
    { proto: 'enum verdict a_function_with_a_long_name(const volatile __u32 * key, union either * value)' },
  ]);
  t.match(functions[0].name, new RegExp(`^bpf_prog_${program.info().tag}_`));
  t.equal(functions.length, lengths.length);
  type Insn = {
    pc: string;
    operation: string;
    operands: string[];
    opcodes: string[];
    src?: string;
    file?: string;
  };
  const insns: Insn[] = functions.flatMap((f: { insns: Insn[] }) => f.insns);
  t.same(
    insns.flatMap(({ opcodes }) => opcodes.map(Number)),
    [...jited],
  );
  for (const { pc, operation, operands } of insns) {
    t.match(operation, /^\S+$/, pc);
    t.ok(operands.length > 0, pc);
  }
  t.ok(
    insns.some(
      ({ src, file }) => src === '*found += ctx->args[i & 1];' && file?.endsWith('test-listing.bpf.c'),
    ),
  );
  const text = linesOf(rawbpf('prog', 'dump', 'jited', id).stdout);
  t.equal(text[0], `${functions[0].proto}:`);
  t.equal(text.filter(line => /^ *[0-9a-f]+:\t\S/.test(line)).length, insns.length);
});

t.test('programs of one name are dumped together, one program into a file', async t => {
  if (!needs(t, { bpf: true })) return;
  const load = () => BpfObject.open(fixture('test-listing')).load({ programs: [name], pinRoot: false });
  const name = 'a_program_with_a_long_name';
  using one = load();
  using other = load();
  const ids = [one, other].map(object => object.program(name).info().id);
  const dumped = JSON.parse(rawbpf('prog', 'dump', 'xlated', 'name', name, '--json').stdout);
  const own = dumped.filter(({ id }: { id: number }) => ids.includes(id));
  t.match(
    own,
    ids.map(id => ({ id, name, type: 'raw_tracepoint', insns: [{ disasm: /^\(/ }] })),
  );
  t.match(
    rawbpf('prog', 'dump', 'xlated', 'name', name).stdout,
    new RegExp(`^${ids[1]}: raw_tracepoint {2}name ${name} `, 'm'),
  );
  t.match(rawbpf('prog', 'dump', 'xlated', 'name', name, 'visual'), {
    status: 1,
    stderr: /file and visual are for one/,
  });

  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-dump-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'code');
  for (const form of ['xlated', 'jited'] as const) {
    t.same(rawbpf('prog', 'dump', form, String(ids[0]), 'file', file), { status: 0, stdout: '', stderr: '' });
    t.same(new Uint8Array(readFileSync(file)), new Uint8Array(one.program(name).code()[form]));
  }
});

t.test('prog show has what the author left in bpf_metadata_ constants', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-listing')).load({
    programs: ['a_program_with_a_long_name'],
    pinRoot: false,
  });
  const id = idOf(object.program('a_program_with_a_long_name'));
  const { metadata } = JSON.parse(rawbpf('prog', 'show', id, '--json').stdout);
  t.same(metadata, { author: 'rawbpf "tests"', revision: 7 });
  t.match(
    rawbpf('prog', 'show', id).stdout,
    /\tmetadata:\n\t\tauthor = "rawbpf \\"tests\\""\n\t\trevision = 7\n$/,
  );
});
