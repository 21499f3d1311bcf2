import { readdirSync } from 'node:fs';
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
  openMap,
  RawbpfError,
} from '../src/index.js';
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

t.test('a kernel too old for a field says that it lacks the feature', async t => {
  const sys = new FakeSys();
  sys.answer(BpfCmd.BPF_MAP_CREATE, attr => (attr['excl_prog_hash'] ? -Errno.E2BIG : undefined));
  t.throws(
    () => createMap({ type: 'hash', key: 4, value: 4, maxEntries: 1, exclusive: new Uint8Array(32), sys }),
    {
      name: 'UnsupportedFeatureError',
      message: /maps for one program only.*6\.18/,
    },
  );
  t.same(sys.openFds, []);
});
