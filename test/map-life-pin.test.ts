import { closeSync, existsSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BpfCmd, BpfMapType } from '../src/abi/index.js';
import { ArrayMap, BpfObject, HashMap, Kernel, listMaps, liveSys, openMap } from '../src/index.js';
import { mapTypes } from '../src/maps/life/map-btf.js';
import { plainTypes } from '../src/maps/life/plain-types.js';
import { bpf, OwnedFd } from '../src/syscall/index.js';
import { ownBpffs } from './bpffs.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

t.test('info is what bpftool says', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('opensnoop')).load();
  for (const map of Object.values(object.maps)) {
    const theirs = JSON.parse(run('bpftool', '-j', 'map', 'show', 'id', String(map.id)));
    const info = map.info();
    t.match(theirs, {
      id: info.id,
      type: info.typeName,
      name: info.name,
      flags: info.flags,
      bytes_key: info.keySize,
      bytes_value: info.valueSize,
      max_entries: info.maxEntries,
      bytes_memlock: info.memlock,
      frozen: info.frozen ? 1 : 0,
    });
    t.equal(info.btfId, theirs.btf_id ?? 0);
  }
  const rodata = object.map('.rodata').info();
  t.same(rodata.flagNames, ['rdonly_prog', 'mmapable']);
  t.equal(rodata.frozen, true);
  t.ok(rodata.valueTypeId > 0);
});

t.test('a pin outlives its handle, and is opened again with its types', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const folder = ownBpffs(t);
  const path = join(folder, 'start');
  const fds = openFds();
  let id: number;
  {
    using object = BpfObject.open(fixture('test-types')).load({ pinRoot: false });
    const map = object.map('by_struct', HashMap);
    id = map.id;
    map.pin(path);
    t.throws(() => map.pin(path), { errnoName: 'EEXIST', message: /openMap\(\{ path \}\)/ });
  }
  const theirs = JSON.parse(run('bpftool', '-j', 'map', 'show', 'pinned', path));
  t.equal(theirs.id, id);
  {
    using map = openMap({ path }, { kind: HashMap });
    t.equal(map.id, id);
    t.equal(map.name, 'by_struct');
    const [key] = [...map.keys()];
    t.equal(key, undefined);
    t.throws(() => map.get(1), TypeError, 'the key has a type');
    t.throws(() => openMap({ path }, { kind: ArrayMap }), {
      name: 'MapError',
      message: /is a HashMap \(hash\), not a ArrayMap/,
    });
    t.equal(map.unpin(), false, 'it made no pin');
    t.equal(map.unpin(path), true);
    t.equal(existsSync(path), false);
    t.equal(map.unpin(path), false);
  }
  t.equal(openFds(), fds);
  t.throws(() => openMap({ path }), { errnoName: 'ENOENT', message: /nothing is pinned there/ });
  t.throws(() => openMap({ id: 0x7ffffff0 }), { errnoName: 'ENOENT', message: /no map of this id/ });
});

t.test('pins that cannot be', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = ownBpffs(t);
  using object = BpfObject.open(fixture('opensnoop')).load();
  const map = object.map('start');
  t.throws(() => map.pin(join(folder, 'a.b')), { errnoName: 'EPERM', message: /must not have a dot/ });
  t.throws(() => map.pin(join(folder, 'none', 'a')), {
    errnoName: 'ENOENT',
    message: /folder .*none is not there/,
  });
  t.throws(() => map.pin(join(t.testdir({}), 'a')), {
    errnoName: 'EPERM',
    message: /is not on a bpf file system; mount one/,
  });
  t.throws(() => openMap({ path: t.testdir({ plain: '' }) }), { name: 'BpfError', errnoName: 'EACCES' });
  mkdirSync(join(folder, 'sub'));
  t.same(readdirSync(folder).filter(isPin), ['sub'], 'nothing else was left');
});

t.test('unpin leaves alone what is not its own', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const folder = ownBpffs(t);
  using object = BpfObject.open(fixture('opensnoop')).load();
  const [first, second] = [object.map('start'), object.map('events')];
  const path = join(folder, 'first');
  first.pin(path);
  t.throws(() => second.unpin(path), { name: 'MapError', message: /is another: id \d+, not \d+/ });
  t.ok(existsSync(path));
  const program = Object.values(object.programs)[0]!;
  const pinned = join(folder, 'program');
  run('bpftool', 'prog', 'pin', 'id', String(program.info().id), pinned);
  t.throws(() => second.unpin(pinned), { name: 'MapError', message: /is a program, not a map/ });
  t.throws(() => openMap({ path: pinned }), { name: 'MapError', message: /is a program, not a map/ });
  t.ok(existsSync(pinned));
  t.equal(first.unpin(), true);
  t.notOk(existsSync(path));
});

t.test('freeze ends writing from user space', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = BpfObject.open(fixture('opensnoop')).load();
  const map = object.map('start', HashMap);
  t.equal(map.info().frozen, false);
  t.equal(map.freeze(), map);
  t.equal(map.info().frozen, true);
  t.throws(() => map.delete(1), { name: 'BpfError', errnoName: 'EPERM' });
  t.throws(() => map.freeze(), { name: 'BpfError', message: /frozen already/ });
});

t.test('maps of bpftool are opened by id, name and path, to read and to write only', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const folder = ownBpffs(t);
  const path = join(folder, 'theirs');
  const name = `theirs_${process.pid}`;
  const create = (to: string) =>
    run(
      ...(['bpftool', 'map', 'create', to, 'type', 'hash', 'key', '4', 'value', '8'] as const),
      ...['entries', '16', 'name', name],
    );
  create(path);
  run(
    'bpftool',
    'map',
    'update',
    'pinned',
    path,
    'key',
    '1',
    '0',
    '0',
    '0',
    ...'value 1 2 3 4 5 6 7 8'.split(' '),
  );
  const key = Uint8Array.of(1, 0, 0, 0);
  const value = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const fds = openFds();
  using map = openMap({ name }, { kind: HashMap });
  t.same(map.get(key), value);
  t.ok([...listMaps()].some(info => info.name === name && info.id === map.id));
  for (const source of [{ path }, { id: map.id }, { name }]) {
    using reader = openMap(source, { kind: HashMap, access: 'read' });
    t.same(reader.get(key), value);
    t.throws(() => reader.set(key, value), { errnoName: 'EPERM', message: /opened to read only/ });
    using writer = openMap(source, { kind: HashMap, access: 'write' });
    writer.set(key, value);
    t.throws(() => writer.get(key), { errnoName: 'EPERM', message: /opened to write only/ });
  }
  const codec = {
    size: 8,
    read: (bytes: Uint8Array, offset = 0) => bytes[offset + 7],
    write: () => {},
  };
  using own = openMap({ path }, { kind: HashMap, value: codec });
  t.equal(own.get(key), 8, 'codecs of the caller');
  create(join(folder, 'again'));
  t.throws(() => openMap({ name }), {
    name: 'MapError',
    message: /2 maps have this name: open it by id, one of \d+, \d+/,
  });
  t.throws(() => openMap({ name: 'no_such_map' }), { name: 'MapError', message: /no map of this name/ });
  t.equal(openFds(), fds + 2);
});

function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}

/** bpffs has two files of its own. */
function isPin(name: string): boolean {
  return !/^(maps|progs)\.debug$/.test(name);
}

t.test('a struct_ops map has the types of the kernel', async t => {
  if (!needs(t, { bpf: true })) return;
  const sys = liveSys();
  const kernel = Kernel.running(sys);
  const typeId = kernel.btf?.findByName('bpf_struct_ops_tcp_congestion_ops', 'struct');
  if (!kernel.btf || typeId === undefined)
    return void t.plan(0, 'this kernel has no struct_ops for TCP congestion control (CONFIG_NET, Linux 5.6)');
  // The kernel wants BTF beside its own types, whatever is in it.
  const { bytes } = plainTypes();
  using btf = new OwnedFd(sys, bpf(sys, BpfCmd.BPF_BTF_LOAD, { btf: bytes, btf_size: bytes.length }));
  const made = bpf(sys, BpfCmd.BPF_MAP_CREATE, {
    btf_fd: btf.value,
    map_type: BpfMapType.BPF_MAP_TYPE_STRUCT_OPS,
    key_size: 4,
    value_size: kernel.btf.sizeOf(typeId),
    max_entries: 1,
    btf_vmlinux_value_type_id: typeId,
  });
  if (made < 0) return void t.fail(`errno ${-made}`);
  using map = openMap({ fd: made });
  const info = map.info();
  t.equal(info.typeName, 'struct_ops');
  t.match(mapTypes(sys, kernel, info), { btf: kernel.btf, valueTypeId: typeId });
});

t.test('an fd that is none of a map', async t => {
  if (!needs(t, { bpf: true })) return;
  const fds = openFds();
  using object = BpfObject.open(fixture('minimal')).load();
  const program = object.program('handle_tp').fd;
  t.throws(() => openMap({ fd: program }), { name: 'MapError', message: /is a program, not a map/ });
  t.ok(object.program('handle_tp').info().id > 0, 'the fd is left open');
  const file = openSync('/dev/null', 'r');
  t.throws(() => openMap({ fd: file }), { name: 'BpfError' });
  closeSync(file);
  t.throws(() => openMap({ fd: 0x7ffffff }), { name: 'BpfError' });
  t.throws(() => openMap({ fd: -22 }), { name: 'TypeError' });
  t.throws(() => openMap({ fd: 3 }, { access: 'read' }), { name: 'TypeError', message: /access is settled/ });
  object.close();
  t.equal(openFds(), fds);
});
