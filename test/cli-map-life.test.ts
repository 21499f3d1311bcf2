import { join } from 'node:path';
import t from 'tap';
import { openMap } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { ownBpffs } from './bpffs.js';
import { CliSession } from './cli-session.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

type Json = Readonly<Record<string, unknown>>;

t.test('create, pin, find, freeze', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const pins = ownBpffs(t);
  const session = new CliSession(t);
  const name = `cli${process.pid}`;
  const [path, twin, outer] = [join(pins, 'counts'), join(pins, 'twin'), join(pins, 'outer')];
  const hash = ['type', 'hash', 'key', 'u32', 'value', '0x8', 'entries', '16', 'name', name];
  t.equal(await session.done(t, 'map', 'create', path, ...hash, 'flags', 'no_prealloc', '--json'), 'null\n');
  const shown = JSON.parse(run('bpftool', '-j', 'map', 'show', 'pinned', path)) as Json;
  t.match(shown, { type: 'hash', name, flags: 1, bytes_key: 4, bytes_value: 8, max_entries: 16 });
  const found = (await session.json(t, 'map', 'show', 'name', name, '--bpffs')) as Json;
  t.match(found, { id: shown['id'], pinned: [path] }, 'by name');
  t.match(await session.done(t, 'map', 'list', '-f'), `\tpinned ${path}\n`);

  await session.done(t, 'map', 'create', twin, ...hash, 'flags', '1');
  await session.done(t, 'map', 'update', path, 'key', '1', 'value', '300');
  const both = (await session.json(t, 'map', 'dump', 'name', name)) as Json[];
  t.same(both, JSON.parse(run('bpftool', '-j', 'map', 'dump', 'name', name)), 'two of a name');
  t.equal(((await session.json(t, 'map', 'show', 'name', name)) as Json[]).length, 2);
  await session.refused(
    t,
    /2 maps have this name: open it by id, one of/,
    'map',
    'lookup',
    'name',
    name,
    'key',
    '1',
  );

  const nested = [
    'type',
    'hash_of_maps',
    'key',
    '4',
    'entries',
    '2',
    'name',
    'outer',
    'inner_map',
    'pinned',
    twin,
  ];
  await session.done(t, 'map', 'create', outer, ...nested);
  await session.done(t, 'map', 'update', outer, 'key', '5', 'value', path);
  t.match(await session.done(t, 'map', 'dump', outer), `inner_map_id: ${shown['id']}`);

  await session.done(t, 'map', 'pin', 'id', String(shown['id']), join(pins, 'again'));
  using again = openMap({ path: join(pins, 'again') });
  t.equal(again.id, shown['id']);
  await session.done(t, 'map', 'freeze', path);
  t.equal(again.info().frozen, true);
  await session.refused(t, /EPERM/, 'map', 'update', path, 'key', '1', 'value', '1');
  await session.refused(t, /EEXIST/, 'map', 'pin', path, twin);
});

t.test('what is asked wrongly is refused in a line that says how', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('test-types')).load();
  const session = new CliSession(t);
  const idOf = (name: string): string => String(object.map(name).id);
  const [untyped, typed, named] = [idOf('untyped'), idOf('by_struct'), idOf('by_name')];
  const refused = (line: RegExp, ...args: string[]) => session.refused(t, line, 'map', ...args);
  await refused(
    /key: 3 bytes are given, it has 8; .*no BTF.*1 2 0x3, or hex/,
    'lookup',
    untyped,
    'key',
    '1',
    '2',
    '3',
  );
  await refused(/key: 7 bytes are given, it has 8/, 'lookup', untyped, 'key', 'hex', ...'1234567');
  await refused(/key: 256 is no byte/, 'lookup', untyped, 'key', ...'1234567', '256');
  await refused(/key: zz is no byte/, 'lookup', untyped, 'key', 'hex', 'zz');
  await refused(/value: x does not fit.*its 24 bytes/, 'update', untyped, 'key', '1', 'value', 'x');
  await refused(
    /by_struct: key\.color: .*; give its 11 bytes .*or one word of JSON by its BTF/,
    'lookup',
    typed,
    'key',
    '{"color": 1}',
  );
  await refused(/by_struct: key: \{"tag" is not JSON: /, 'lookup', typed, 'key', '{"tag"');
  await refused(/by_struct: key\.tag: /, 'lookup', typed, 'key', '{"tag": 256}');
  await refused(/by_name: key\.value: an object is not a value for char\[16\]/, 'lookup', named, 'key', '{}');
  await refused(/say which key: key DATA/, 'lookup', untyped);
  await refused(/say what to write: value DATA/, 'update', untyped, 'key', '1');
  await refused(/k: key DATA comes here/, 'lookup', untyped, 'k', '1');
  await refused(
    /twice: key, value, any, noexist or exist comes here/,
    'update',
    untyped,
    'key',
    '1',
    'exist',
    'twice',
  );
  await refused(/the kernel has no map of this id/, 'show', 'id', '4294967295');
  await refused(/the kernel has no map of this name/, 'dump', 'name', 'no such map');
  await refused(/no such: say which by id, name, pinned/, 'dump', 'no such');
  await refused(/extra: not expected here/, 'dump', 'id', untyped, 'extra');
  await refused(/\/proc\/self is not on a bpf file system/, 'dump', 'pinned', '/proc/self');
  await refused(/map type harsh: there is none/, 'create', '/x', 'type', 'harsh', 'name', 'x');
  await refused(/say at least what to create/, 'create', '/x', 'type', 'hash');
  await refused(/size: type, key, value, entries/, 'create', '/x', 'size', '1');
  await refused(
    /4294967296: a number from 0/,
    'create',
    '/x',
    'type',
    'hash',
    'name',
    'x',
    'key',
    '4294967296',
  );
  await refused(/entries is there twice/, 'create', '/x', 'entries', '1', 'entries', '1');
  await refused(
    /there is no network device/,
    'create',
    '/x',
    'type',
    'hash',
    'name',
    'x',
    'offload_dev',
    'none0',
  );
  await refused(
    /flag/,
    'create',
    '/x',
    'type',
    'hash',
    'name',
    'x',
    'key',
    '4',
    'value',
    '4',
    'entries',
    '1',
    'flags',
    'nope',
  );
  await refused(/is a hash; events come from a perf_event_array or a ringbuf/, 'event-pipe', untyped);
  for (const args of [['lookup'], ['dump'], ['nope'], ['event-pipe', '1', '--count', '0']])
    t.equal((await session.run('map', ...args)).status, 2, args.join(' '));
});
