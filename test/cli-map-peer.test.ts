import t from 'tap';
import type { MapBytes } from '../src/maps/index.js';
import { CliSession } from './cli-session.js';
import { everyMap } from './every-map.js';
import { needs, run } from './live.js';

type Json = Readonly<Record<string, unknown>>;

const theirs = (...args: string[]): unknown => JSON.parse(run('bpftool', '-j', ...args));
const typeOf = (map: MapBytes): string => map.info().typeName;

t.test('show: every field that bpftool has', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const maps = everyMap(t);
  const session = new CliSession(t);
  const all = (await session.json(t, 'map', 'show')) as Json[];
  for (const map of maps) {
    const { pids, ...rest } = all.find(record => record['id'] === map.id) ?? {};
    t.ok(
      (pids as { pid: number }[]).some(({ pid }) => pid === process.pid),
      'who holds it',
    );
    // One at a time: `bpftool map show` says of a map without BTF that it has that of the map before it (kernels that read the info they are to write).
    // bpftool 7.1 has numbers for types that came after it, and tells who holds what only where it may load a program of its own.
    const { pids: _, ...their } = theirs('map', 'show', 'id', String(map.id)) as Json;
    const type = typeof their['type'] === 'number' ? typeOf(map) : their['type'];
    t.same(rest, { ...their, type }, typeOf(map));
  }
  const [one] = maps;
  const { pids: _, ...alone } = (await session.json(t, 'map', 'show', 'id', String(one?.id))) as Json;
  t.same(alone, theirs('map', 'show', 'id', String(one?.id)), 'one alone is no array');
});

t.test('dump, lookup and getnext: the bytes and what they mean', { timeout: 120_000 }, async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const session = new CliSession(t);
  const compared = new Set<string>();
  for (const map of everyMap(t)) {
    const typeName = typeOf(map);
    const id = ['id', String(map.id)];
    const dump = bpftoolDump(map);
    if (dump === undefined) {
      const { status, stdout, stderr } = await session.run('map', 'dump', ...id);
      t.same([status, stdout], [1, ''], `${typeName} cannot be walked`);
      t.match(stderr, /^rawbpf: map .*: bpf\(/);
      continue;
    }
    t.same(shownAs71(await session.json(t, 'map', 'dump', ...id)), dump, `${typeName} ${map.name}`);
    const [first] = dump;
    if (!first || compared.has(typeName)) continue;
    compared.add(typeName);
    const same = async (...words: string[]) =>
      t.same(shownAs71(await session.json(t, 'map', ...words)), theirs('map', ...words), words.join(' '));
    await same('getnext', ...id);
    const key = ['key', ...(first['key'] as string[])];
    if (dump.length > 1) await same('getnext', ...id, ...key);
    if ((first['value'] as Json | undefined)?.['error'] === undefined) await same('lookup', ...id, ...key);
  }
  t.ok(compared.size >= 12, [...compared].join(', '));
});

/** Undefined for maps without keys to walk over. */
function bpftoolDump(map: MapBytes): Json[] | undefined {
  try {
    return theirs('map', 'dump', 'id', String(map.id)) as Json[];
  } catch {
    return undefined;
  }
}

/**
 * As bpftool 7.1 shows it: without `inner_map_id`, which later ones have, and the errno that is not for user space in the words of strerror(3), which has none
 * for it, where rawbpf says what it is.
 */
function shownAs71(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shownAs71);
  const { inner_map_id: _, ...rest } = value as Json;
  const { error } = (rest['value'] ?? {}) as Json;
  return String(error).startsWith('Not supported')
    ? { ...rest, value: { error: 'Unknown error 524' } }
    : rest;
}
