import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import t from 'tap';
import { inspectObject, parseObject } from '../src/object/index.js';
import { rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

t.test('gen min-core-btf makes what bpftool makes', async t => {
  if (!needs(t, { linux: true, tools: ['bpftool'] })) return;
  const folder = t.testdir({});
  const [ours, theirs] = [join(folder, 'ours.btf'), join(folder, 'theirs.btf')];
  const object = fixture('test-core');
  const made = rawbpf('gen', 'min-core-btf', object, '--btf', 'vmlinux', '-o', ours);
  t.same(made, { status: 0, stdout: '', stderr: '' });
  run('bpftool', 'gen', 'min_core_btf', '/sys/kernel/btf/vmlinux', theirs, object);
  const types = (file: string) =>
    run('bpftool', 'btf', 'dump', 'file', file)
      .split('\n')
      .filter(line => line.startsWith('['))
      .map(line => line.replace(/^\[\d+\] /, '').replace(/type_id=\d+/, ''))
      .sort();
  t.same(types(ours), types(theirs));
  t.ok(statSync(ours).size < 20_000);
  const plan = (btf: string) =>
    JSON.parse(rawbpf('plan', object, '--btf', btf, '--json').stdout).steps as { text: string }[];
  const loads = (btf: string) => plan(btf).filter(({ text }) => text.includes('BPF_PROG_LOAD')).length;
  t.equal(loads(ours), loads('vmlinux'), 'objects are relocated by it');
});

t.test('gen min-core-btf does not write over its input', async t => {
  const object = fixture('minimal');
  const refused = rawbpf('gen', 'min-core-btf', object, '--btf', object, '-o', object);
  t.match(refused, { status: 1, stderr: /it is one of the inputs/ });
});

t.test('gen writes a module that names the object, or has it', async t => {
  const folder = t.testdir({ here: {} });
  const object = fixture('opensnoop');
  const output = join(folder, 'here', 'opensnoop.ts');
  t.same(rawbpf('gen', object, '-o', output), { status: 0, stdout: '', stderr: '' });
  const text = readFileSync(output, 'utf8');
  const [, url = ''] = /new URL\("(.*)", import\.meta\.url\)/.exec(text) ?? [];
  t.equal(fileURLToPath(new URL(url, pathToFileURL(output))), object);
  t.match(text, /readonly start: HashMap<number, args_t>;/);
  const printed = rawbpf('gen', object, '--embed');
  t.match(printed, { status: 0, stderr: '' });
  const [, base64 = ''] = /Buffer\.from\(\s*\[([^\]]*)\]/.exec(printed.stdout) ?? [];
  const bytes = Buffer.from(base64.replaceAll(/[\s',]/g, ''), 'base64');
  const spec = parseObject(bytes, { file: object });
  t.same(inspectObject(spec), inspectObject(parseObject(readFileSync(object), { file: object })));
});

t.test('gen compiles C source, and shows where it does not compile', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  const folder = t.testdir({
    'good.bpf.c': 'int answer = 42;\n',
    'bad.bpf.c': 'int answer = \n  question;\n',
  });
  const good = rawbpf('gen', join(folder, 'good.bpf.c'));
  t.match(good, { status: 0, stderr: '', stdout: /answer: number;/ });
  t.match(good.stdout, /Buffer\.from/);
  const bad = rawbpf('gen', join(folder, 'bad.bpf.c'));
  t.match(bad, { status: 1, stdout: '' });
  t.match(
    bad.stderr,
    /^rawbpf: .*bad\.bpf\.c:2:3: error: use of undeclared identifier 'question'\n.*question;\n/,
  );
});

t.test('gen does not write over its input', async t => {
  const object = fixture('minimal');
  t.match(rawbpf('gen', object, '-o', object), { status: 1, stderr: /it is one of the inputs/ });
});
