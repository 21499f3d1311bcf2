import t from 'tap';
import { HashMap, LpmTrie, PercpuHashMap } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { CliSession } from './cli-session.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

type Json = Readonly<Record<string, unknown>>;
const theirs = (...args: string[]): unknown => JSON.parse(run('bpftool', '-j', ...args));

t.test('bytes as bpftool takes them', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-types')).load();
  const session = new CliSession(t);
  const map = object.map('untyped');
  const id = ['id', String(map.id)];
  const key = ['1', '0x2', '03', '4', '5', '6', '7', '255'];
  const value = Array.from({ length: 24 }, (_, i) => String(i));
  await session.done(t, 'map', 'update', ...id, 'key', ...key, 'value', ...value);
  const [entry] = theirs('map', 'dump', ...id) as { key: string[]; value: string[] }[];
  t.same(entry?.key.map(Number), [1, 2, 3, 4, 5, 6, 7, 255]);
  t.same(entry?.value.map(Number), value.map(Number));
  const hex = ['01', '02', '03', '04', '05', '06', '07', 'ff'];
  t.equal(
    await session.done(
      t,
      'map',
      'update',
      ...id,
      'value',
      'hex',
      ...value.map(() => 'ab'),
      'key',
      'hex',
      ...hex,
      'exist',
      '--json',
    ),
    'null\n',
  );
  t.same(
    (theirs('map', 'lookup', ...id, 'key', 'hex', ...hex) as Json)['value'],
    value.map(() => '0xab'),
  );
  run('bpftool', 'map', 'update', ...id, 'key', ...value.slice(0, 8), 'value', ...value);
  t.equal(
    await session.done(t, 'map', 'lookup', ...id, 'key', ...value.slice(0, 8)),
    'key: 00 01 02 03 04 05 06 07\nvalue:\n00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n10 11 12 13 14 15 16 17\n',
  );
  await session.refused(
    t,
    /EEXIST.*there already/,
    'map',
    'update',
    ...id,
    'key',
    ...key,
    'value',
    ...value,
    'noexist',
  );
  await session.done(t, 'map', 'delete', ...id, 'key', ...key);
  await session.refused(t, /untyped: it has no such key/, 'map', 'delete', ...id, 'key', ...key);
  t.equal((theirs('map', 'dump', ...id) as Json[]).length, 1);
  const { status, stdout, stderr } = await session.run('map', 'lookup', ...id, 'key', ...key, '--json');
  t.same(
    [status, stdout, stderr],
    [1, 'null\n', 'rawbpf: map untyped: it has no such key\n'],
    'bpftool prints null, too',
  );
});

t.test('one word, by the types of the map', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-types')).load();
  using hashes = BpfObject.open(fixture('test-hash-maps')).load();
  using kinds = BpfObject.open(fixture('test-map-kinds')).load();
  const session = new CliSession(t);
  const update = async (id: number, key: string, value: string) =>
    session.done(t, 'map', 'update', 'id', String(id), 'key', key, 'value', value);

  const byStruct = object.map('by_struct', HashMap);
  const value = {
    u64: 18446744073709551615n,
    s64: -9007199254740993n,
    name: 'by word',
    matrix: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    color: 'GREEN',
    yes: true,
  };
  await update(
    byStruct.id,
    '{"tag": 1, "value": 9007199254740993, "tail": 3}',
    JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `#${v}#` : v)).replace(/"#|#"/g, ''),
  );
  t.match(
    byStruct.get({ tag: 1, value: 9007199254740993n, tail: 3 }),
    { ...value, color: 5 },
    'integers exact',
  );
  const [shown] = theirs('map', 'dump', 'id', String(byStruct.id)) as { formatted: { value: Json } }[];
  t.match(shown?.formatted.value, { name: 'by word', color: 'GREEN', yes: true });

  const byName = object.map('by_name', HashMap);
  await update(byName.id, 'bare word', 'GREEN');
  await update(byName.id, '"quoted"', '0');
  t.same(
    new Map(byName),
    new Map([
      ['bare word', 5],
      ['quoted', 0],
    ]),
  );

  const routes = kinds.map('routes4', LpmTrie);
  await update(routes.id, '10.0.0.0/8', '7');
  t.same([...routes], [['10.0.0.0/8', 7]]);
  await update(object.map('bit_array').id, '2', '{"a": 1, "f": -3}');
  t.match(
    await session.done(t, 'map', 'lookup', 'id', String(object.map('bit_array').id), 'key', '2'),
    /"key": 2,\n.*\n.*"a": "0x1"/,
  );

  const percpu = hashes.map('percpu_flows', PercpuHashMap);
  const flow = '{"address": 1, "port": 2, "protocol": 3}';
  t.ok(percpu.cpus > 0);
  const { status, stderr } = await session.run(
    'map',
    'update',
    'id',
    String(percpu.id),
    'key',
    flow,
    'value',
    '{"packets": 4}',
  );
  t.equal(status, 0, stderr);
  const [[, values] = []] = [...percpu] as [unknown, { packets: bigint }[]][];
  t.same(
    values?.map(one => one.packets),
    new Array(percpu.cpus).fill(4n),
    'for all CPUs',
  );
});

t.test('maps and programs as values', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-map-kinds')).load();
  const session = new CliSession(t);
  const idOf = (name: string): string => String(object.map(name).id);
  await session.done(
    t,
    'map',
    'update',
    'id',
    idOf('by_index'),
    'key',
    '3',
    '0',
    '0',
    '0',
    'value',
    'id',
    idOf('second'),
  );
  t.match(theirs('map', 'lookup', 'id', idOf('by_index'), 'key', '3', '0', '0', '0'), {
    key: ['0x03', '0x00', '0x00', '0x00'],
  });
  t.match(
    await session.done(t, 'map', 'dump', idOf('by_index')),
    new RegExp(`key: 03 00 00 00  inner_map_id: ${idOf('second')}\\nFound 2 elements`),
  );
  const program = object.program('was_seen').info();
  await session.done(t, 'map', 'update', idOf('jumps'), 'key', '1', 'value', 'id', String(program.id));
  t.match(await session.done(t, 'map', 'dump', idOf('jumps')), /key: 01 00 00 00 {2}value: /);
  await session.refused(
    t,
    /key_size of map other_key is 8/,
    'map',
    'update',
    idOf('by_index'),
    'key',
    '1',
    'value',
    'id',
    idOf('other_key'),
  );
  await session.refused(
    t,
    /say which by id, name, tag, pinned/,
    'map',
    'update',
    idOf('jumps'),
    'key',
    '1',
    'value',
    'which',
  );
});

t.test('queues and stacks', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('test-map-kinds')).load();
  const session = new CliSession(t);
  for (const [name, push, pop] of [
    ['queue', 'enqueue', 'dequeue'],
    ['stack', 'push', 'pop'],
  ] as const) {
    const id = ['id', String(object.map(name).id)];
    const value = (first: number) => [
      'value',
      'hex',
      String(first).padStart(2, '0'),
      ...new Array(15).fill('00'),
    ];
    for (const first of [1, 2, 3]) await session.done(t, 'map', push, ...id, ...value(first));
    await session.refused(t, /E2BIG/, 'map', push, ...id, ...value(4));
    await session.done(t, 'map', push, ...id, ...value(4), 'exist');
    t.same(await session.json(t, 'map', 'peek', ...id), theirs('map', 'peek', ...id), name);
    const popped: unknown[] = [];
    for (let i = 0; i < 3; i++)
      popped.push(((await session.json(t, 'map', pop, ...id)) as { value: string[] }).value[0]);
    t.same(popped, name === 'queue' ? ['0x02', '0x03', '0x04'] : ['0x04', '0x03', '0x02']);
    await session.refused(t, new RegExp(`${name}: it is empty`), 'map', pop, ...id);
  }
});
