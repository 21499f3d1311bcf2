import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import { ArrayOfMaps, BpfObject, createMap, HashMap, Kernel, liveSys } from '../src/index.js';
import { versionCode } from '../src/kernel/index.js';
import { arenaObject, needsArena } from './arena-object.js';
import { ownBpffs } from './bpffs.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';

const open = () => BpfObject.open(fixture('test-map-life'));

function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}

t.test('a map made larger before load', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  {
    using small = open().load();
    t.equal(testRun(small.program('count_sized')) | 0, -1);
  }
  using object = open().load({
    maps: {
      sized_later: { maxEntries: 8, flags: ['mmapable'] },
      counts: { type: 'percpu_hash', maxEntries: 3 },
    },
  });
  t.equal(testRun(object.program('count_sized')), 1);
  const { id } = object.map('sized_later');
  t.match(JSON.parse(run('bpftool', '-j', 'map', 'show', 'id', String(id))), {
    max_entries: 8,
    flags: 1024,
  });
  t.equal(object.map('counts').info().typeName, 'percpu_hash');
});

t.test('a map in place of the own one, which stays open', async t => {
  if (!needs(t, { bpf: true })) return;
  const fds = openFds();
  {
    using mine = createMap({
      type: 'hash',
      key: 'u32',
      value: 'u64',
      maxEntries: 999,
      name: 'mine',
      kind: HashMap,
    });
    {
      using object = open().load({ maps: { counts: { reuse: mine } } });
      t.equal(object.map('counts'), mine);
      t.equal(testRun(object.program('count')), 1);
      t.equal(testRun(object.program('count')), 2);
    }
    t.equal(mine.closed, false);
    t.equal(mine.get(1), 2n);
    using other = createMap({ type: 'hash', key: 'u32', value: 'u32', maxEntries: 16 });
    t.throws(() => open().load({ maps: { counts: { reuse: other } } }), {
      name: 'ObjectError',
      message: /map counts: cannot be map .*value_size is 4 there, 8 here/,
    });
    using array = createMap({ type: 'array', value: 8, maxEntries: 16 });
    t.throws(() => open().load({ maps: { counts: { reuse: array } } }), {
      message: /type is array there, hash here/,
    });
  }
  t.equal(openFds(), fds);
});

t.test('a map pinned at a path of choice is shared by those who load', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const pin = join(ownBpffs(t), 'shared');
  const fds = openFds();
  const load = () => open().load({ maps: { shared: { pin } }, programs: ['count_shared'] });
  {
    using first = load();
    using second = load();
    t.equal(second.map('shared').id, first.map('shared').id);
    testRun(first.program('count_shared'));
    t.equal(testRun(second.program('count_shared')), 2);
    t.equal(JSON.parse(run('bpftool', '-j', 'map', 'show', 'pinned', pin)).id, first.map('shared').id);
  }
  {
    using again = load();
    t.equal(testRun(again.program('count_shared')), 3, 'it outlives them');
    again.map('shared').unpin(pin);
  }
  t.notOk(existsSync(pin));
  t.equal(openFds(), fds);
});

t.test('what is pinned must be what the object says: the first difference is named', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const folder = ownBpffs(t);
  const template = { type: 'hash', key: 4, value: 8, maxEntries: 4 } as const;
  const differences = [
    [{ type: 'lru_hash' }, 'type is lru_hash there, hash here'],
    [{ key: 8 }, 'key_size is 8 there, 4 here'],
    [{ value: 4, maxEntries: 9 }, 'value_size is 4 there, 8 here'],
    [{ maxEntries: 9, flags: 1 }, 'max_entries is 9 there, 4 here'],
    [{ flags: ['no_prealloc', 'zero_seed'] }, 'map_flags is 65 (no_prealloc, zero_seed) there, 0 here'],
  ] as const;
  const fds = openFds();
  for (const [index, [change, message]] of differences.entries()) {
    const pin = join(folder, `other${index}`);
    using other = createMap({ ...template, ...change });
    other.pin(pin);
    t.throws(() => open().load({ maps: { shared: { pin } } }), {
      name: 'ObjectError',
      message: new RegExp(`is another map: ${message.replace(/[()]/g, '.')}\\. Remove the pin`),
    });
    t.ok(existsSync(pin), 'the pin of another is left alone');
  }
  const pin = join(folder, 'program');
  using object = open().load();
  run('bpftool', 'prog', 'pin', 'id', String(object.program('count').info().id), pin);
  t.throws(() => open().load({ maps: { shared: { pin } } }), {
    name: 'MapError',
    message: /is a program, not a map/,
  });
  object.close();
  t.equal(openFds(), fds);
});

t.test('a load that fails leaves no pin', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = ownBpffs(t);
  const [good, bad] = [join(folder, 'good'), join(folder, 'no', 'such')];
  const fds = openFds();
  t.throws(() => open().load({ maps: { counts: { pin: good }, shared: { pin: bad } } }), {
    name: 'BpfError',
    errnoName: 'ENOENT',
    message: /pin shared at .*the folder .* is not there/,
  });
  t.throws(() => open().load({ maps: { counts: { pin: good }, optional: { autocreate: false } } }), {
    message: /count_optional/,
  });
  t.notOk(existsSync(good));
  t.equal(openFds(), fds);
});

t.test('a map that is left out', async t => {
  if (!needs(t, { bpf: true })) return;
  const object = open();
  object.globals['use_optional'] = 0;
  using loaded = object.load({ maps: { optional: { autocreate: false } } });
  t.equal(loaded.maps['optional'], undefined);
  t.equal(testRun(loaded.program('count_optional')), 0);
  const error = t.throws(() => open().load({ maps: { optional: { autocreate: false } } }), {
    name: 'VerifierError',
  });
  t.match((error as Error).message, /map optional: it was not to be created/);
});

t.test('inner maps made larger', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open().load({ maps: { outer: { inner: { maxEntries: 77, flags: ['no_prealloc'] } } } });
  using inner = createMap({
    type: 'hash',
    key: 'u32',
    value: 'u64',
    maxEntries: 77,
    flags: 1,
    kind: HashMap,
  });
  using other = createMap({ type: 'hash', key: 'u32', value: 'u64', maxEntries: 77 });
  const outer = object.map('outer', ArrayOfMaps);
  outer.set(0, inner);
  t.equal(testRun(object.program('count_inner')), 1);
  t.equal(inner.get(3), 1n);
  t.throws(() => outer.set(1, other), { name: 'BpfError', errnoName: 'EINVAL' });
});

t.test('a map for one program only', async t => {
  if (!needs(t, { bpf: true })) return;
  if (Kernel.running(liveSys()).versionCode < versionCode('6.18')) {
    t.throws(() => open().load({ maps: { counts: { exclusive: 'count' } }, programs: ['count'] }), {
      name: 'UnsupportedFeatureError',
      message: /maps for one program only.*6\.18/,
    });
    return;
  }
  using object = open().load({ maps: { counts: { exclusive: 'count' } }, programs: ['count'] });
  t.equal(testRun(object.program('count')), 1);
  t.throws(() => open().load({ maps: { counts: { exclusive: 'count' } } }), {
    message: /count_too/,
    errnoName: 'EACCES',
  });
  t.throws(() => open().load({ maps: { counts: { exclusive: 'count' } }, programs: ['count_too'] }), {
    name: 'ObjectError',
    message: /cannot be exclusive to program count: it is not loaded/,
  });
});

t.test('an arena taken from its pin is mapped, and keeps what is in it', async t => {
  if (!needsArena(t)) return;
  const pin = join(ownBpffs(t), 'arena');
  const path = arenaObject(t);
  const load = () => BpfObject.open(path).load({ maps: { arena: { pin, mapExtra: 0x7000_0000_0000n } } });
  fillArena(t, load);
  // The address range is free when nothing can look into it any more.
  const gc = collector();
  for (let turn = 0; turn < 50 && isMapped(0x7000_0000_0000n); turn++) {
    gc();
    await setImmediate();
  }
  using second = load();
  t.equal(second.globals['counter'], 4321n);
  second.map('arena').unpin(pin);
  const anywhere = () => BpfObject.open(path).load({ maps: { arena: { pin } } });
  anywhere().close();
  t.throws(anywhere, {
    name: 'BpfError',
    errnoName: 'EINVAL',
    message: /give it one of its own in map_extra/,
  });
});

function fillArena(t: Test, load: () => BpfObject): void {
  using object = load();
  t.equal(object.globals['counter'], 40n);
  object.globals['counter'] = 4321n;
}

function isMapped(address: bigint): boolean {
  return readFileSync('/proc/self/maps', 'utf8').includes(`${address.toString(16)}-`);
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
