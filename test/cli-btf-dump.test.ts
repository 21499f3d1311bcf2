import t from 'tap';
import { rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

t.test('prints what bpftool prints', async t => {
  if (!needs(t, { tools: ['bpftool'] })) return;
  for (const object of ['opensnoop', 'test-types']) {
    const raw = rawbpf('btf', 'dump', fixture(object));
    t.equal(raw.status, 0, raw.stderr);
    t.equal(raw.stdout, run('bpftool', 'btf', 'dump', 'file', fixture(object), 'format', 'raw'));
    const json = rawbpf('btf', 'dump', fixture(object), '--format', 'json');
    t.same(JSON.parse(json.stdout), JSON.parse(run('bpftool', '-j', 'btf', 'dump', 'file', fixture(object))));
  }
});

t.test('prints a C header', async t => {
  if (!needs(t, { tools: ['bpftool'] })) return;
  const file = fixture('opensnoop');
  const { status, stdout, stderr } = rawbpf('btf', 'dump', file, '--format', 'c');
  t.equal(status, 0, stderr);
  t.equal(stdout, run('bpftool', 'btf', 'dump', 'file', file, 'format', 'c'));
});

t.test('prints numbers of any size in JSON', async t => {
  if (!needs(t, { linux: true })) return;
  const { stdout } = rawbpf('btf', 'dump', 'vmlinux', '--format', 'json');
  const values = [...stdout.matchAll(/"val": (.*)$/gm)].map(([, value]) => value as string);
  t.ok(values.length > 10_000 && values.every(value => /^-?\d+$/.test(value)));
  t.ok(values.some(value => !Number.isSafeInteger(Number(value))));
});

t.test('prints the types of the running kernel', async t => {
  if (!needs(t, { linux: true })) return;
  const { status, stdout, stderr } = rawbpf('btf', 'dump', 'vmlinux');
  t.equal(status, 0, stderr);
  t.match(stdout, /^\[\d+\] STRUCT 'task_struct' size=\d+ vlen=\d+$/m);
});
