import { readdirSync } from 'node:fs';
import t, { type Test } from 'tap';
import {
  ArrayMap,
  BpfObject,
  createMap,
  HashMap,
  Kernel,
  liveSys,
  type MapTemplate,
  openMap,
  UnsupportedFeatureError,
} from '../src/index.js';
import { versionCode } from '../src/kernel/index.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}

t.test('a map with plain types is what bpftool sees', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const fds = openFds();
  {
    using map = createMap({
      type: 'hash',
      name: 'a_name_longer_than_15',
      key: 'u32',
      value: 'u64',
      maxEntries: 8,
      flags: ['no_prealloc'],
      kind: HashMap,
    });
    map.set(7, 1n << 40n);
    const theirs = JSON.parse(run('bpftool', '-j', 'map', 'show', 'id', String(map.id)));
    t.match(theirs, {
      type: 'hash',
      name: 'a_name_longer_t',
      flags: 1,
      bytes_key: 4,
      bytes_value: 8,
      max_entries: 8,
    });
    const [entry] = JSON.parse(run('bpftool', '-j', 'map', 'dump', 'id', String(map.id)));
    t.same(entry.formatted, { key: 7, value: 2 ** 40 }, 'bpftool knows the types');
    using again = openMap({ id: map.id }, { kind: HashMap });
    t.equal(again.get(7), 1n << 40n, 'and so does who opens it');
  }
  t.equal(openFds(), fds);
});

t.test('a map with types of an object', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const fds = openFds();
  const { btf } = BpfObject.open(fixture('opensnoop')).spec;
  {
    using map = createMap({
      type: 'array',
      value: 'struct event',
      maxEntries: 2,
      name: 'events_by_index',
      btf: btf!,
      kind: ArrayMap,
    });
    map.set(1, { pid: 42, comm: 'cat' });
    t.match(map.get(1), { pid: 42, comm: 'cat' });
    const dump = JSON.parse(run('bpftool', '-j', 'map', 'dump', 'id', String(map.id)));
    t.equal(dump[1].formatted.value.pid, 42);
  }
  t.equal(openFds(), fds);
});

t.test('every type that needs no more than sizes', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const sized = { key: 4, value: 8, maxEntries: 4 };
  const templates: Record<string, MapTemplate> = {
    hash: { type: 'hash', ...sized },
    array: { type: 'array', value: 8, maxEntries: 4 },
    prog_array: { type: 'prog_array', maxEntries: 4 },
    perf_event_array: { type: 'perf_event_array' },
    percpu_hash: { type: 'percpu_hash', ...sized },
    percpu_array: { type: 'percpu_array', value: 'u64', maxEntries: 4 },
    stack_trace: { type: 'stack_trace', value: 8 * 127, maxEntries: 4 },
    cgroup_array: { type: 'cgroup_array', maxEntries: 1 },
    lru_hash: { type: 'lru_hash', ...sized },
    lru_percpu_hash: { type: 'lru_percpu_hash', ...sized },
    lpm_trie: { type: 'lpm_trie', key: 8, value: 4, maxEntries: 4 },
    array_of_maps: {
      type: 'array_of_maps',
      maxEntries: 4,
      inner: { type: 'array', value: 'u32', maxEntries: 1 },
    },
    hash_of_maps: { type: 'hash_of_maps', key: 'u32', maxEntries: 4, inner: { type: 'hash', ...sized } },
    devmap: { type: 'devmap', maxEntries: 4 },
    devmap_hash: { type: 'devmap_hash', maxEntries: 4 },
    cpumap: { type: 'cpumap' },
    xskmap: { type: 'xskmap', maxEntries: 4 },
    sockmap: { type: 'sockmap', maxEntries: 4 },
    sockhash: { type: 'sockhash', key: 4, maxEntries: 4 },
    reuseport_sockarray: { type: 'reuseport_sockarray', maxEntries: 4 },
    queue: { type: 'queue', value: 'u32', maxEntries: 4 },
    stack: { type: 'stack', value: 4, maxEntries: 4 },
    bloom_filter: { type: 'bloom_filter', value: 'u32', maxEntries: 4, mapExtra: 3 },
    ringbuf: { type: 'ringbuf', maxEntries: 1000 },
    user_ringbuf: { type: 'user_ringbuf', maxEntries: 4096 },
    sk_storage: { type: 'sk_storage', value: 'u32' },
    inode_storage: { type: 'inode_storage', value: 'u32' },
    task_storage: { type: 'task_storage', value: 'u32' },
    cgrp_storage: { type: 'cgrp_storage', value: 'u64' },
    cgroup_storage: { type: 'cgroup_storage', key: 16, value: 8 },
    arena: { type: 'arena', maxEntries: 4 },
  };
  const fds = openFds();
  for (const [type, template] of Object.entries(templates)) {
    using map = supported(t, () => createMap(template));
    if (!map) continue;
    const { typeName, maxEntries } = map.info();
    t.equal(typeName, type);
    if (type === 'ringbuf') t.equal(maxEntries, 4096, 'rounded up to a page');
  }
  t.equal(openFds(), fds);
});

t.test('refusals are explained', async t => {
  if (!needs(t, { bpf: true })) return;
  const fds = openFds();
  const refused = (template: MapTemplate, message: RegExp) =>
    t.throws(() => createMap(template), { message });
  refused(
    { type: 'hash', key: 4, value: 8, maxEntries: 0, name: 'x' },
    /^map x: bpf\(BPF_MAP_CREATE\): EINVAL.*max_entries is 0/,
  );
  refused({ type: 'array', key: 8, value: 8, maxEntries: 1 }, /key of a array is a 4-byte index, not 8/);
  refused({ type: 99, key: 4, value: 4, maxEntries: 1 }, /type 99/);
  const usage = (template: MapTemplate, message: RegExp) =>
    t.throws(() => createMap(template), { name: 'TypeError', message });
  usage({ type: 'hash', value: 8, maxEntries: 1 }, /^map of type hash: key: give its size/);
  usage({ type: 'hash', key: 'u33', value: 8, maxEntries: 1 }, /no type u33 without BTF/);
  usage({ type: 'hash', key: 4, value: 4 }, /maxEntries: give the number of its entries/);
  usage({ type: 'hash', key: 4, value: 4, maxEntries: 1, name: 'a b' }, /name "a b": only letters/);
  usage({ type: 'hash', key: 4, value: 4, maxEntries: 1, inner: 3 }, /only maps of maps have inner/);
  usage({ type: 'array_of_maps', maxEntries: 1 }, /inner: describe its maps/);
  usage(
    { type: 'harsh' as 'hash', maxEntries: 1 },
    /map type harsh: there is none of this name; there is hash, /,
  );
  usage(
    { type: 'hash', key: 4, value: 4, maxEntries: 1, flags: ['nope' as 'link'] },
    /flag nope: there is none/,
  );
  t.throws(() => createMap({ type: 'ringbuf', maxEntries: 4096, kind: HashMap }), {
    name: 'MapError',
    message: /is a RingBuf, not a HashMap/,
  });
  t.equal(openFds(), fds);
});

/** Undefined where the kernel is older than what is asked of it. */
function supported<T>(t: Test, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof UnsupportedFeatureError) || error.since === undefined) throw error;
    t.ok(Kernel.running(liveSys()).versionCode < versionCode(error.since), error.message);
    return undefined;
  }
}
