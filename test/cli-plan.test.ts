import t from 'tap';
import { rawbpf } from './cli-process.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

t.test('the calls that a load would make, fds by name', async t => {
  const { status, stdout, stderr } = rawbpf('plan', fixture('opensnoop'));
  t.equal(status, 0, stderr);
  t.equal(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  t.ok(
    lines.every(line => /^bpf\(BPF_[A-Z_]+, \{.*\}, \d+\)/.test(line)),
    stdout,
  );
  t.match(stdout, /map_type=BPF_MAP_TYPE_HASH, key_size=4, value_size=16, max_entries=10240/);
  t.match(stdout, 'prog_btf_fd=<btf>');
});

t.test('as JSON', async t => {
  const { status, stdout, stderr } = rawbpf('plan', fixture('minimal'), '--json');
  t.equal(status, 0, stderr);
  const plan = JSON.parse(stdout);
  t.match(plan, { file: fixture('minimal'), warnings: [] });
  t.match(
    plan.steps.map((step: { cmd: string; makes: string | null }) => [step.cmd, step.makes]),
    [
      ['BPF_BTF_LOAD', 'btf'],
      ['BPF_MAP_CREATE', 'map:.rodata'],
      ['BPF_MAP_UPDATE_ELEM', null],
      ['BPF_MAP_FREEZE', null],
      ['BPF_PROG_LOAD', 'prog:handle_tp'],
      ['BPF_PROG_BIND_MAP', null],
    ],
  );
});

t.test('is what a load does', async t => {
  if (!needs(t, { bpf: true })) return;
  for (const object of ['minimal', 'hello-map', 'hello-tail', 'opensnoop']) {
    const planned = commands(rawbpf('plan', fixture(object)).stdout);
    const made = commands(rawbpf('run', fixture(object), '--syscalls', '--duration', '0.1').stderr);
    // A kernel is probed for what its age leaves open, and attaching comes after loading.
    const load = made.slice(0, made.lastIndexOf(planned.at(-1) ?? '') + 1);
    t.same(
      load.filter(line => planned.includes(line)),
      planned,
      object,
    );
  }
});

/** The commands with the names of what they make. */
function commands(trace: string): string[] {
  return [...trace.matchAll(/^bpf\((BPF_[A-Z_]+)(?:.*?(?:map|prog)_name="([^"]*)")?/gm)].map(
    ([, cmd, name = '']) => `${cmd} ${name}`,
  );
}
