import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { rawbpf } from './cli-process.js';
import { needs } from './live.js';
import { int, makeBtf, type NewType, struct } from './make-types.js';
import { fixture } from './repository.js';

interface Check {
  readonly ok: boolean;
  readonly kernels: readonly {
    readonly btf: string;
    readonly programs: readonly {
      readonly name: string;
      readonly ok: boolean;
      readonly error?: string;
      readonly missing: readonly { readonly what: string; readonly guarded: boolean }[];
    }[];
    readonly relocations: readonly {
      readonly access: string;
      readonly status: string;
      readonly from: number;
      readonly to: number | null;
    }[];
  }[];
}

const folder = mkdtempSync(join(tmpdir(), 'rawbpf-check-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** A file of BTF, as that of a kernel. */
function kernel(name: string, ...types: NewType[]): string {
  const file = join(folder, name);
  writeFileSync(file, makeBtf([int('int', 4, true), int('unsigned int'), ...types]).bytes);
  return file;
}

const rich = kernel(
  'rich',
  struct('task_struct', 128, ['pidd', 1, 96], ['pid', 1, 100], ['no_such_member', 2, 104]),
  struct('__sk_buff', 8, ['len', 2, 4]),
);
const poor = kernel('poor', struct('task_struct', 128, ['pid', 1, 100]));
const refused = fixture('test-core-refused');

function checked(...args: string[]): Check & { readonly status: number | null; readonly stderr: string } {
  const { status, stdout, stderr } = rawbpf('check', '--json', ...args);
  return { ...(JSON.parse(stdout) as Check), status, stderr };
}

t.test('says of each kernel what relocations resolve to, and what is refused', async t => {
  const { status, stdout, stderr } = rawbpf('check', refused, '--btf', rich, '--btf', poor);
  t.equal(stderr, '');
  t.equal(status, 0, 'programs that are loaded only when asked for do not count');
  const [inRich = '', inPoor = ''] = stdout.split(/\n\n(?=\S)/);
  t.match(inRich, `${rich}: 3 programs, 1 would be refused`);
  t.match(inRich, /^ {2}misspelt +ok, optional +0 +0$/m);
  t.match(
    inRich,
    /^ {2}resized_signed +refused, optional +1 +1 +it reaches struct __sk_buff___signed\.len: /m,
  );
  t.match(inRich, /^ {2}struct task_struct___typo\.pidd +field_byte_offset +0 +96 +1$/m);
  t.match(inPoor, `${poor}: 3 programs, 3 would be refused`);
  t.match(inPoor, /^ {2}struct task_struct___typo\.pidd .* missing +1 +.*has no member pidd; it has pid$/m);
});

t.test('as JSON', async t => {
  const { kernels } = checked(refused, '--btf', rich, '--btf', poor);
  t.match(kernels, [
    {
      btf: rich,
      programs: [
        { name: 'resized_signed', ok: false, missing: [{ guarded: false }] },
        { name: 'poisoned', ok: true, missing: [] },
        { name: 'misspelt', ok: true },
      ],
    },
    { btf: poor, programs: [{ ok: false }, { ok: false }, { ok: false, error: /reaches .* it has pid/ }] },
  ]);
  t.match(
    kernels.map(each => each.relocations.find(r => r.access === 'struct task_struct.no_such_member')),
    [
      {
        status: 'resolved',
        from: 4,
        to: 104,
        target: '<byte_off> [3] struct task_struct.no_such_member (0:2 @ offset 104)',
      },
      {
        status: 'poisoned',
        from: 4,
        to: null,
        reason: 'struct task_struct of the kernel has no member no_such_member',
      },
    ],
  );
});

t.test('exit status 1 where a program would be refused that is loaded by itself', async t => {
  const { status, ok, stderr, kernels } = checked(fixture('test-core'), '--btf', poor);
  t.equal(status, 1);
  t.equal(ok, false);
  t.match(stderr, `test-core.bpf.o: field_offset, `);
  t.match(stderr, `would be refused on ${poor}`);
  const exists = kernels[0]?.programs.find(p => p.name === 'field_exists');
  t.match(exists, { ok: true, missing: [{ guarded: true }] }, 'what is asked for first does not matter');
});

t.test('agrees with the verifier of this kernel', async t => {
  if (!needs(t, { bpf: true })) return;
  for (const name of ['test-core', 'test-core-refused', 'opensnoop']) {
    const { programs } = JSON.parse(rawbpf('load', '--each', '--json', fixture(name)).stdout);
    t.same(
      checked(fixture(name), '--btf', 'vmlinux').kernels[0]?.programs.map(p => [p.name, p.ok]),
      programs.map((p: { name: string; ok: boolean }) => [p.name, p.ok]),
      name,
    );
  }
});

t.test('plan says the same for one kernel', async t => {
  const { status, stdout, stderr } = rawbpf('plan', fixture('test-core'), '--btf', poor);
  t.equal(status, 0, 'a plan is not refused');
  t.match(stdout, 'bpf(BPF_PROG_LOAD');
  t.match(stderr, /warning: program field_offset would be refused: it reaches struct task_struct\.tgid/);
  t.notMatch(stderr, 'program field_exists');
  const document = JSON.parse(rawbpf('plan', fixture('test-core'), '--btf', poor, '--json').stdout);
  t.match(
    document.coreRelocations.find((r: { access: string }) => r.access === 'struct task_struct.pid'),
    { function: 'field_offset', kind: 'field_byte_offset', status: 'resolved', from: 4, to: 100 },
  );
});

t.test('BTF that cannot be read is refused, and so is none', async t => {
  t.equal(rawbpf('check', refused).status, 2);
  const { status, stderr } = rawbpf('check', refused, '--btf', join(folder, 'nosuch'));
  t.equal(status, 1);
  t.match(stderr, 'nosuch');
  t.equal(rawbpf('check', refused, '--btf', fixture('hello')).status, 0, 'the BTF in an ELF file');
});
