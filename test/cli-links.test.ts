import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfAttachType } from '../src/abi/index.js';
import { BpfObject } from '../src/index.js';
import { createLink } from '../src/programs/links/bpf-link.js';
import { Link } from '../src/programs/links/link.js';
import { ownBpffs } from './bpffs.js';
import { rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { currentCgroup } from './test-cgroup.js';

interface Listed {
  readonly id: number;
  readonly [field: string]: unknown;
}

/** A raw tracepoint and a program of the cgroup that this process is in, attached. */
function attached(t: Test): { object: BpfObject; links: Link[] } {
  const object = BpfObject.open(fixture('test-links-life')).load({
    programs: ['on_raw_tracepoint', 'first'],
    pinRoot: false,
  });
  t.teardown(() => object.close());
  const first = object.program('first');
  const target_fd = openSync(currentCgroup(), 'r');
  const attach_type = BpfAttachType.BPF_CGROUP_INET_EGRESS;
  const parts = createLink(first, { kind: 'cgroup', target: 'own' }, { target_fd, attach_type });
  closeSync(target_fd);
  return { object, links: [object.program('on_raw_tracepoint').attach(), new Link(parts, first)] };
}

/** bpftool's record of an object, but for who holds it. */
function theirs(kind: 'link' | 'prog', id: number): Listed {
  const { pids, pinned, ...record } = JSON.parse(run('bpftool', '-j', kind, 'show', 'id', String(id)));
  return record;
}

t.test('links are listed as bpftool lists them', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const { links } = attached(t);
  const { status, stdout, stderr } = rawbpf('link', 'list', '--json');
  t.same([status, stderr], [0, '']);
  const listed: Listed[] = JSON.parse(stdout);
  for (const link of links) {
    const { id } = link.info();
    const ours = listed.find(record => record.id === id);
    t.match(ours, theirs('link', id));
    t.same(JSON.parse(rawbpf('link', 'show', String(id), '--json').stdout), ours);
  }
  const text = rawbpf('link', 'list').stdout;
  const [tracepoint, cgroup] = links.map(link => link.info());
  t.match(text, `${tracepoint?.id}: raw_tracepoint  prog ${tracepoint?.progId}\n\ttp_name sys_enter\n`);
  t.match(text, `${cgroup?.id}: cgroup  prog ${cgroup?.progId}\n\tcgroup_id `);
});

t.test('programs are listed as bpftool lists them', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const { object } = attached(t);
  const listed: Listed[] = JSON.parse(rawbpf('prog', 'list', '--json').stdout);
  for (const program of Object.values(object.programs)) {
    const { id, name, tag } = program.info();
    const ours = listed.find(record => record.id === id);
    // bpftool takes the whole name out of the program's BTF, and both compute the time from clocks read one after the other.
    const { name: whole, loaded_at, ...rest } = theirs('prog', id);
    t.match(ours, { ...rest, name });
    t.ok(String(whole).startsWith(name));
    t.ok(Math.abs((ours?.['loaded_at'] as number) - (loaded_at as number)) <= 1, `loaded at ${loaded_at}`);
    t.match(
      rawbpf('prog', 'show', String(id)).stdout,
      `${id}: ${rest['type']}  name ${name}  tag ${tag}  gpl\n\tloaded_at `,
    );
  }
});

t.test('a link is detached by its id or pin', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const { links } = attached(t);
  const [tracepoint, cgroup] = links as [Link, Link];
  const path = join(ownBpffs(t), 'guard');
  cgroup.pin(path);
  t.same(rawbpf('link', 'detach', path), { status: 0, stdout: '', stderr: '' });
  t.match(theirs('link', cgroup.info().id), { cgroup_id: 0 });
  cgroup.unpin();
  const refused = rawbpf('link', 'detach', String(tracepoint.info().id));
  t.equal(refused.status, 1);
  t.match(refused.stderr, /cannot detach links of kind raw_tracepoint: end the process that holds it/);
  t.ok(tracepoint.info().id, 'it is attached still');
});

t.test('what is not there is refused', async t => {
  if (!needs(t, { bpf: true })) return;
  for (const [args, message] of [
    [['link', 'show', '2147483647'], 'no link of this id'],
    [['link', 'detach', '/no/such/pin'], 'is not on a bpf file system|ENOENT'],
    [['prog', 'show', '2147483647'], 'no program of this id'],
  ] as const) {
    const { status, stdout, stderr } = rawbpf(...args);
    t.same([status, stdout], [1, '']);
    t.match(stderr, new RegExp(message));
  }
});
