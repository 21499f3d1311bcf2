import t from 'tap';
import { listBtf, openBtf } from '../src/kernel/index.js';
import { BpfObject } from '../src/programs/index.js';
import { CliSession } from './cli-session.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

interface Listed {
  readonly id: number;
  readonly prog_ids: readonly number[];
  readonly map_ids: readonly number[];
  readonly [field: string]: unknown;
}

/** bpftool has the ids of programs and maps in the order of its hash table. */
const sorted = ({ pids: _, ...btf }: Listed) => ({
  ...btf,
  prog_ids: [...btf.prog_ids].sort((a, b) => a - b),
  map_ids: [...btf.map_ids].sort((a, b) => a - b),
});

t.test('list: as bpftool has it', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-map-kinds')).load();
  const session = new CliSession(t);
  const { btfId } = object.map('first').info();
  const ours = (await session.json(t, 'btf', 'list')) as Listed[];
  const theirs = JSON.parse(run('bpftool', '-j', 'btf', 'list')) as Listed[];
  for (const wanted of [1, btfId]) {
    const [our, their] = [ours, theirs].map(list => list.find(({ id }) => id === wanted) as Listed);
    t.same(sorted(our as Listed), sorted(their as Listed));
    t.same(
      Object.keys(our as Listed).filter(name => name !== 'pids'),
      Object.keys(their as Listed).filter(name => name !== 'pids'),
    );
  }
  const own = ours.find(({ id }) => id === btfId);
  t.ok(own?.map_ids.includes(object.map('first').id));
  t.same(
    await session.json(t, 'btf', 'show', 'id', '1'),
    JSON.parse(run('bpftool', '-j', 'btf', 'show', 'id', '1')),
  );
  t.match(await session.done(t, 'btf', 'list', '1'), /^1: name \[vmlinux\] {2}size \d+B\n$/);
  t.match(
    await session.done(t, 'btf', 'list', String(btfId)),
    new RegExp(
      `^${btfId}: name <anon>  size \\d+B  prog_ids [\\d,]+  map_ids [\\d,]+\\n(\\tpids .*\\(${process.pid}\\).*\\n)?$`,
    ),
  );
  t.match([...listBtf()].slice(0, 1), [{ id: 1, name: 'vmlinux', kernel: true }]);
  t.ok(openBtf(btfId).findByName('job', 'struct'));
  await session.refused(t, /BTF of id 4294967295: the kernel has none/, 'btf', 'list', 'id', '4294967295');
  await session.refused(t, /vmlinux: say which by its id/, 'btf', 'list', 'vmlinux');
});

t.test('dump: of ids, programs and maps, all types or some', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-hash-maps')).load();
  const session = new CliSession(t);
  const map = ['map', 'id', String(object.map('flows').id)];
  const untyped = String(object.map('untyped_slots').id);
  const { id, btfId } = object.program('count_drops').info();
  const sources = [
    ['id', String(btfId)],
    ['prog', 'id', String(id)],
    ['file', fixture('test-hash-maps')],
    map,
    ...['key', 'value', 'kv', 'all'].map(part => [...map, part]),
  ];
  for (const source of sources) {
    for (const format of ['raw', 'c'])
      t.equal(
        await session.done(t, 'btf', 'dump', ...source, 'format', format),
        run('bpftool', 'btf', 'dump', ...source, 'format', format),
        `${source.join(' ')} ${format}`,
      );
    t.same(
      await session.json(t, 'btf', 'dump', ...source),
      JSON.parse(run('bpftool', '-j', 'btf', 'dump', ...source)),
      `${source.join(' ')} JSON`,
    );
  }
  t.equal(
    await session.done(t, 'btf', 'dump', 'vmlinux', 'root_id', '1'),
    await session.done(t, 'btf', 'dump', 'id', '1', 'root_id', '1'),
  );
  await session.refused(t, /untyped_slots: it was created without BTF/, 'btf', 'dump', 'map', untyped);
  await session.refused(
    t,
    /root_id 99999999: the ids of .* end at \d+/,
    'btf',
    'dump',
    ...(sources[0] as string[]),
    'root_id',
    '99999999',
  );
  await session.refused(
    t,
    /root_id: the types of the map are asked for already/,
    'btf',
    'dump',
    ...map,
    'root_id',
    '1',
  );
  await session.refused(t, /format yaml: it is one of c, raw, json/, 'btf', 'dump', ...map, 'format', 'yaml');
  await session.refused(t, /twice: format or root_id comes here/, 'btf', 'dump', ...map, 'twice');
  await session.refused(t, /BTF of id 4294967295.*ENOENT/, 'btf', 'dump', 'id', '4294967295');
});
