import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfAttachType } from '../src/abi/index.js';
import { attachProgram, detachProgram } from '../src/cli/commands/cgroup/attach.js';
import { showCgroup } from '../src/cli/commands/cgroup/show.js';
import { showTree } from '../src/cli/commands/cgroup/tree.js';
import { BpfObject, detachCgroup, queryCgroup } from '../src/programs/index.js';
import { rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { openFds } from './open-fds.js';
import { ownCgroup } from './own-cgroup.js';
import { fixture } from './repository.js';

// Processes start slowly on a busy machine.
t.setTimeout(120_000);

function ours(t: Test, ...args: string[]): unknown {
  const { status, stdout, stderr } = rawbpf('cgroup', ...args, '--json');
  t.same([status, stderr], [0, '']);
  return JSON.parse(stdout);
}

const theirs = (...args: string[]): unknown =>
  JSON.parse(run('bpftool', '-j', 'cgroup', ...args).trim() || '[]');

const lines = (text: string): string[] => text.split('\n').map(line => line.trimEnd());

const load = (...programs: string[]): BpfObject =>
  BpfObject.open(fixture('test-links-cgroup')).load({ programs });

t.test('the programs of cgroups are shown as bpftool shows them', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const { folder, below } = ownCgroup(t);
  const child = below('child').folder;
  using object = load('ingress', 'egress', 'bind4', 'connect4');
  const attach = (name: string, cgroup: string, attachFlag?: 'none' | 'allow_multi' | 'allow_override') =>
    object.program(name).attachTo({ kind: 'cgroup', cgroup, ...(attachFlag ? { attachFlag } : {}) });
  attach('ingress', folder);
  attach('egress', folder, 'allow_override');
  attach('bind4', child, 'none');
  attach('connect4', child, 'allow_multi');
  for (const args of [
    ['show', folder],
    ['show', child],
    ['show', child, 'effective'],
    ['tree', folder],
    ['tree', folder, 'effective'],
  ])
    t.same(ours(t, ...args), theirs(...args), args.slice(0, 1).join(' '));
  for (const args of [
    ['list', child, 'effective'],
    ['tree', folder],
  ])
    t.same(lines(rawbpf('cgroup', ...args).stdout), lines(run('bpftool', 'cgroup', ...args)), 'the text');
  const all = ours(t, 'tree') as { cgroup: string }[];
  t.same(
    all.filter(({ cgroup }) => cgroup.startsWith(folder)),
    theirs('tree', folder),
    'and from where they are mounted',
  );
  t.same(
    queryCgroup(folder).map(hook => hook.attachFlags),
    [['allow_multi'], ['allow_override']],
  );
});

t.test('a program is attached and detached', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const { folder } = ownCgroup(t);
  using object = load('ingress', 'egress');
  const [ingress, egress] = [object.program('ingress').info().id, object.program('egress').info().id];
  const done = (...args: string[]) =>
    t.same(rawbpf('cgroup', ...args), { status: 0, stdout: '', stderr: '' });
  done('attach', folder, 'cgroup_inet_ingress', 'id', String(ingress), 'multi');
  done('attach', folder, 'eg', String(egress));
  t.match(theirs('show', folder), [
    { id: ingress, attach_type: 'cgroup_inet_ingress', attach_flags: 'multi' },
    { id: egress, attach_type: 'cgroup_inet_egress', attach_flags: '' },
  ]);
  done('detach', folder, 'ingress', 'id', String(ingress));
  done('detach', folder, 'egress', 'id', String(egress));
  t.same(theirs('show', folder), []);
  t.same(ours(t, 'show', folder), []);
});

t.test('an attachment without a link outlives its handle, and is detached by another', async t => {
  if (!needs(t, { bpf: true })) return;
  const { folder } = ownCgroup(t);
  using object = load('egress');
  const program = object.program('egress');
  const attachType = BpfAttachType.BPF_CGROUP_INET_EGRESS;
  const fds = openFds();
  const link = program.attachTo({ kind: 'cgroup', cgroup: folder, attachFlag: 'allow_multi' });
  link.disconnect();
  link.close();
  t.same(openFds(), fds, 'no fd is left');
  t.same(
    queryCgroup(folder).map(hook => hook.programIds),
    [[program.info().id]],
  );
  detachCgroup({ cgroup: folder, attachType, program });
  t.same(queryCgroup(folder), []);
  t.throws(() => detachCgroup({ cgroup: folder, attachType, program }), /ENOENT.*is not attached there/);
  t.throws(() => detachCgroup({ cgroup: folder, attachType: BpfAttachType.BPF_XDP, program }), TypeError);
  t.throws(() => detachCgroup({ cgroup: '/', attachType, program }), /EBADF.*is no cgroup/);
});

t.test('what is asked for wrongly', async t => {
  if (!needs(t, { bpf: true })) return;
  const { folder } = ownCgroup(t);
  using object = load('egress');
  const id = String(object.program('egress').info().id);
  for (const [action, message] of [
    [() => showCgroup(join(folder, 'none'), [], {}), /ENOENT.*there is no cgroup/],
    [() => showCgroup(dirname(fixture('minimal')), [], {}), /EBADF.*is no cgroup/],
    [() => showCgroup(folder, ['all'], {}), /all: not expected here/],
    [() => showTree([folder, 'all'], {}), /all: not expected here/],
    [() => attachProgram(folder, 'xdp', [id]), /xdp: no attach type of cgroups.*cgroup_inet_ingress/],
    [() => attachProgram(folder, 'ingress', ['id', '2147483647']), /no program of this id/],
    [() => attachProgram(folder, 'connect4', [id]), /EINVAL/],
    [() => attachProgram(folder, 'egress', [id, 'many']), /many: not expected here/],
    [() => detachProgram(folder, 'egress', [id]), /ENOENT.*is not attached there/],
  ] as const)
    await t.rejects(async () => action(), { code: /^ERR_RAWBPF/, message });
  const { status, stdout, stderr } = rawbpf('cgroup', 'detach', folder, 'egress', id);
  t.same([status, stdout], [1, '']);
  t.match(stderr, /^rawbpf: [^\n]*is not attached there[^\n]*\n$/, 'in one line');
});
