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

t.test('a link is told in lines', async t => {
  if (!needs(t, { bpf: true })) return;
  const { links } = attached(t);
  const text = rawbpf('link', 'list').stdout;
  const [tracepoint, cgroup] = links.map(link => link.info());
  t.match(
    text,
    `${tracepoint?.id}: raw_tracepoint  prog ${tracepoint?.progId}\n\ttp 'sys_enter'\n\tpids node(${process.pid})\n`,
  );
  t.match(text, `${cgroup?.id}: cgroup  prog ${cgroup?.progId}\n\tcgroup_id `);
});

t.test('programs are found by id, name, tag and pin, several by one name', async t => {
  if (!needs(t, { bpf: true })) return;
  const { object } = attached(t);
  const other = attached(t).object.program('first').info();
  const program = object.program('first');
  const { id, name, tag } = program.info();
  const pin = join(ownBpffs(t), 'first');
  program.pin(pin);
  const shown = (...args: string[]) => JSON.parse(rawbpf('prog', 'show', ...args, '--json').stdout);
  for (const args of [['id', String(id)], [String(id)], ['pinned', pin], [pin]])
    t.match(shown(...args), { id, name, tag });
  t.match(shown(pin, '--bpffs'), { pinned: [pin] });
  for (const args of [
    ['name', name],
    ['tag', tag],
  ]) {
    const ids = shown(...args).map((record: Listed) => record.id);
    t.ok(ids.includes(id) && ids.includes(other.id), args.join(' '));
  }
  t.match(
    rawbpf('prog', 'show', pin, '--bpffs').stdout,
    new RegExp(
      `^${id}: cgroup_skb {2}name first {2}tag ${tag} {2}gpl\\n\\tloaded_at [^]*\\n\\tpinned ${pin}\\n\\tbtf_id \\d+\\n\\tpids node\\(${process.pid}\\)\\n$`,
    ),
  );
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
    [['prog', 'show', 'name', 'no_such_program'], 'no program has the name no_such_program'],
    [['prog', 'show', 'id', 'x'], 'an id is a number'],
    [['prog', 'dump', 'xlated', 'tag', '0000000000000000'], 'no program has the tag'],
  ] as const) {
    const { status, stdout, stderr } = rawbpf(...args);
    t.same([status, stdout], [1, '']);
    t.match(stderr, new RegExp(message));
  }
});
