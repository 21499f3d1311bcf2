import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import {
  type BpfMap,
  BpfObject,
  createMap,
  HashMap,
  listMaps,
  liveSys,
  newestKernel,
  openMap,
  RawbpfError,
} from '../src/index.js';
import { mapCreateCause } from '../src/maps/index.js';
import { Errno, FakeSys, type Sys } from '../src/syscall/index.js';
import { ownBpffs } from './bpffs.js';
import { failingSys } from './failing-sys.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}

t.test('whichever call fails while a map is made or opened, nothing stays open', async t => {
  if (!needs(t, { bpf: true })) return;
  const path = join(ownBpffs(t), 'counts');
  const name = `life_${process.pid}`;
  const { btf } = BpfObject.open(fixture('opensnoop')).spec;
  using pinned = createMap({ type: 'hash', key: 'u32', value: 'u64', maxEntries: 4, name });
  pinned.pin(path);
  const ways: Record<string, (sys: Sys) => BpfMap> = {
    path: sys => openMap({ path }, { sys }),
    id: sys => openMap({ id: pinned.id }, { sys, kind: HashMap }),
    name: sys => openMap({ name }, { sys }),
    create: sys =>
      createMap({ type: 'hash', key: 'u32', value: 'struct event', maxEntries: 4, btf: btf!, sys }),
    'map of maps': sys =>
      createMap({
        type: 'array_of_maps',
        maxEntries: 4,
        inner: { type: 'hash', key: 'u32', value: 'u64', maxEntries: 4 },
        sys,
      }),
  };
  for (const [way, make] of Object.entries(ways)) {
    const failing = failingSys(liveSys());
    // Probes are made once, and may fail without harm.
    make(failing.sys).close();
    const before = failing.calls;
    make(failing.sys).close();
    const calls = failing.calls - before;
    const fds = openFds();
    let failures = 0;
    for (let n = 1; n <= calls; n++) {
      failing.failAt(n, Errno.ENOMEM);
      try {
        make(failing.sys).close();
      } catch (error) {
        failures++;
        if (!(error instanceof RawbpfError)) t.fail(`${way}: call ${n}: ${error}`);
      }
    }
    t.ok(failures > 0, `${way}: ${failures} of ${calls} calls matter`);
    t.equal(openFds(), fds, `${way}: no fd is left`);
  }
});

t.test('maps that go away during the list are passed over; a list that is forbidden says so', async t => {
  const sys = new FakeSys();
  const made = ['one', 'two', 'three'].map(name =>
    createMap({ type: 'hash', key: 4, value: 4, maxEntries: 1, name, sys }),
  );
  const fds = sys.openFds.length;
  const gone = made[1]!.id;
  sys.answer(BpfCmd.BPF_MAP_GET_FD_BY_ID, attr => (attr['start_id'] === gone ? -Errno.ENOENT : undefined));
  t.same(
    [...listMaps(sys)].map(info => info.name),
    ['one', 'three'],
  );
  for (const info of listMaps(sys)) {
    t.equal(info.frozen, undefined, 'fdinfo of the real fd of that number is not taken for the map');
    break;
  }
  t.equal(sys.openFds.length, fds);
  sys.answer(BpfCmd.BPF_MAP_GET_NEXT_ID, -Errno.EPERM);
  t.throws(() => [...listMaps(sys)], { errnoName: 'EPERM', message: /CAP_SYS_ADMIN/ });
  t.throws(() => openMap({ name: 'one' }, { sys }), { errnoName: 'EPERM', message: /CAP_SYS_ADMIN/ });
  sys.answer(BpfCmd.BPF_MAP_GET_FD_BY_ID, -Errno.EPERM);
  t.throws(() => openMap({ id: made[0]!.id }, { sys }), { errnoName: 'EPERM', message: /CAP_SYS_ADMIN/ });
  for (const map of made) map.close();
});

t.test('pins with a fake kernel: only its own, and only once', async t => {
  const sys = new FakeSys();
  const map = createMap({ type: 'array', value: 4, maxEntries: 1, name: 'pinned', sys });
  map.pin('/fake/a').pin('/fake/b');
  t.throws(() => map.pin('/fake/a'), { name: 'BpfError', errnoName: 'EEXIST' });
  sys.answer(BpfCmd.BPF_OBJ_PIN, -Errno.EPERM);
  t.throws(() => map.pin('/fake/with.dot'), { message: /must not have a dot/ });
  map.close();
  t.throws(() => map.pin('/fake/c'), TypeError);
  t.same(sys.openFds, []);
});

t.test('a process that may not have the BTF of a map reads bytes', async t => {
  if (!needs(t, { bpf: true })) return;
  using map = createMap({ type: 'hash', key: 'u32', value: 'u64', maxEntries: 1, kind: HashMap });
  map.set(1, 2n);
  const failing = failingSys(liveSys());
  const sys: Sys = {
    ...failing.sys,
    bpf: (cmd, ...rest) =>
      cmd === BpfCmd.BPF_BTF_GET_FD_BY_ID ? -Errno.EPERM : failing.sys.bpf(cmd, ...rest),
  };
  using again = openMap({ id: map.id }, { kind: HashMap, sys });
  t.same(again.get(Uint8Array.of(1, 0, 0, 0)), Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0));
});

t.test('a kernel too old for a field or a type says so', async t => {
  const sys = new FakeSys();
  const kernel = newestKernel({ release: '6.1.0' });
  const hash = { map_type: 1, key_size: 4, value_size: 4, max_entries: 1 };
  for (const errno of [Errno.EINVAL, Errno.E2BIG])
    t.match(mapCreateCause(sys, kernel, { ...hash, excl_prog_hash: new Uint8Array(32) }, errno), {
      missing: { feature: 'maps for one program only', since: '6.18' },
    });
  const bloom = { ...hash, map_type: 30, key_size: 0, map_extra: 3n };
  t.equal(
    mapCreateCause(sys, kernel, bloom, Errno.E2BIG)?.missing,
    undefined,
    'map_extra came with Linux 5.16',
  );
  const cgrpStorage = { map_type: 32, key_size: 4, value_size: 4, map_flags: 1 };
  t.match(mapCreateCause(sys, kernel, cgrpStorage, Errno.EINVAL), {
    missing: { feature: 'cgrp storage maps', since: '6.2' },
  });
});

t.test('whichever call of a load fails, no pin is left, and what was lent stays open', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = ownBpffs(t);
  const pin = join(folder, 'shared');
  using lent = createMap({ type: 'hash', key: 'u32', value: 'u64', maxEntries: 4 });
  const failing = failingSys(liveSys());
  const load = () =>
    BpfObject.open(fixture('test-map-life'), { sys: failing.sys }).load({
      maps: { shared: { pin }, counts: { reuse: lent } },
    });
  const loadAndUnpin = () => {
    using object = load();
    object.map('shared').unpin(pin);
  };
  loadAndUnpin();
  const before = failing.calls;
  load().close();
  const calls = failing.calls - before;
  t.ok(existsSync(pin));
  rmSync(pin);
  const fds = openFds();
  let failures = 0;
  for (let n = 1; n <= calls; n++) {
    failing.failAt(n, Errno.ENOMEM);
    try {
      load().close();
      rmSync(pin);
    } catch (error) {
      failures++;
      if (!(error instanceof RawbpfError)) t.fail(`call ${n}: ${error}`);
      if (existsSync(pin)) t.fail(`call ${n}: the pin is left`);
    }
  }
  t.ok(failures > 5, `${failures} of ${calls} calls matter`);
  t.equal(openFds(), fds);
  t.equal(lent.closed, false);
  t.equal(lent.info().id, lent.id);
});
