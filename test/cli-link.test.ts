import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { linkObjects } from '../src/object/index.js';
import { rawbpf } from './cli-process.js';
import { compile } from './compile.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

const folderOf = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-link-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
};

t.test('writes one object made of several', async t => {
  const output = join(folderOf(t), 'linked.bpf.o');
  const inputs = ['minimal', 'opensnoop'].map(fixture);
  t.match(rawbpf('link', ...inputs, '-o', output), { status: 0, stdout: '', stderr: '' });
  const { bytes } = linkObjects(inputs.map(file => ({ file, bytes: readFileSync(file) })));
  t.ok(readFileSync(output).equals(bytes));
  const { status, stdout } = rawbpf('inspect', output, '--json');
  t.equal(status, 0);
  t.match(
    (JSON.parse(stdout) as { programs: { name: string }[] }).programs.map(p => p.name),
    ['handle_tp', /^tracepoint__syscalls__sys_enter/],
  );
});

t.test('objects that do not go together', async t => {
  const output = join(folderOf(t), 'linked.bpf.o');
  const { status, stdout, stderr } = rawbpf('link', fixture('minimal'), fixture('minimal'), '-o', output);
  t.equal(status, 1);
  t.equal(stdout, '');
  t.match(
    stderr,
    /^rawbpf: .*: symbol handle_tp: .* defines it, too: make one of them static, weak or extern\n$/,
  );
  t.notOk(existsSync(output), 'nothing is written');
});

t.test('warns of externs that nothing defines', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  const output = join(folderOf(t), 'linked.bpf.o');
  const object = compile(t, 'int missing(int); SEC("raw_tp") int p(void *ctx) { return missing(1); }');
  const { status, stderr } = rawbpf('link', object, '--output', output);
  t.equal(status, 0);
  t.match(stderr, /^rawbpf: warning: extern missing of .*: link one that defines it, or declare it __ksym/);
  t.ok(existsSync(output));
});

t.test('what cannot be read or written', async t => {
  const folder = folderOf(t);
  const cases: [args: string[], message: RegExp][] = [
    [['nosuch.bpf.o', '-o', join(folder, 'x.o')], /nosuch\.bpf\.o: no such file or directory/],
    [[fixture('minimal'), '-o', join(folder, 'no/x.o')], /no\/x\.o: no such file or directory/],
    [[fixture('minimal'), '-o', fixture('minimal')], /it is one of the inputs; name another output/],
    [[join(fixture('minimal'), '../BUILT-WITH'), '-o', join(folder, 'x.o')], /a text file, not an ELF file/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = rawbpf('link', ...args);
    t.equal(status, 1, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
  }
});
