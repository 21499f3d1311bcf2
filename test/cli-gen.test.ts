import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
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
