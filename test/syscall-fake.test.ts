import t from 'tap';
import { BpfCmd, BpfMapType, bpfMapInfo } from '../src/abi/index.js';
import {
  type AttrRecord,
  bpf,
  bpfCalls,
  bpfInOut,
  Errno,
  FakeSys,
  liveSys,
  OwnedFd,
  type Sys,
} from '../src/syscall/index.js';
import { needs } from './live.js';

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** Results and values of a series of element calls: what the fake kernel must have in common with a real one. */
function elementCalls(sys: Sys, create: AttrRecord): unknown[] {
  const seen: unknown[] = [];
  const map_fd = bpf(sys, BpfCmd.BPF_MAP_CREATE, create);
  seen.push(map_fd < 0 ? map_fd : 'fd');
  if (map_fd < 0) return seen;
  const valueSize = create['value_size'] as number;
  const keyed = (key: number | undefined) => (key === undefined ? {} : { key: u32(key) });
  const update = (key: number | undefined, byte: number, flags = 0) =>
    seen.push(
      bpf(sys, BpfCmd.BPF_MAP_UPDATE_ELEM, {
        map_fd,
        ...keyed(key),
        value: new Uint8Array(valueSize).fill(byte),
        flags,
      }),
    );
  const read = (cmd: number, key: number | undefined) => {
    const value = new Uint8Array(Math.max(valueSize, 4));
    seen.push([bpf(sys, cmd, { map_fd, ...keyed(key), value }), [...value]]);
  };
  const remove = (key: number) => seen.push(bpf(sys, BpfCmd.BPF_MAP_DELETE_ELEM, { map_fd, ...keyed(key) }));
  read(BpfCmd.BPF_MAP_LOOKUP_ELEM, 0);
  read(BpfCmd.BPF_MAP_GET_NEXT_KEY, undefined);
  update(1, 7);
  update(1, 8, 1);
  update(2, 9, 2);
  update(2, 9, 3);
  read(BpfCmd.BPF_MAP_LOOKUP_ELEM, 1);
  read(BpfCmd.BPF_MAP_GET_NEXT_KEY, undefined);
  read(BpfCmd.BPF_MAP_GET_NEXT_KEY, 1);
  read(BpfCmd.BPF_MAP_GET_NEXT_KEY, 99);
  update(0, 1);
  update(2, 2);
  update(99, 3);
  remove(99);
  remove(1);
  remove(1);
  read(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, 2);
  seen.push(bpf(sys, BpfCmd.BPF_MAP_FREEZE, { map_fd }), bpf(sys, BpfCmd.BPF_MAP_FREEZE, { map_fd }));
  update(0, 5);
  remove(0);
  read(BpfCmd.BPF_MAP_LOOKUP_ELEM, 0);
  sys.close(map_fd);
  return seen;
}

const kinds: Readonly<Record<string, AttrRecord>> = {
  hash: { map_type: BpfMapType.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 8, max_entries: 2 },
  array: { map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 8, max_entries: 3 },
  'ring buffer': { map_type: BpfMapType.BPF_MAP_TYPE_RINGBUF, max_entries: 4096 },
  'hash without entries': { map_type: BpfMapType.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 8 },
  'array with long keys': {
    map_type: BpfMapType.BPF_MAP_TYPE_ARRAY,
    key_size: 8,
    value_size: 8,
    max_entries: 1,
  },
  'ring buffer with keys': {
    map_type: BpfMapType.BPF_MAP_TYPE_RINGBUF,
    key_size: 4,
    value_size: 4,
    max_entries: 4096,
  },
  'type that there is not': { map_type: 999, key_size: 4, value_size: 4, max_entries: 1 },
};

t.test('maps of the fake kernel answer as those of the real one', async t => {
  if (!needs(t, { bpf: true })) return;
  for (const [name, create] of Object.entries(kinds))
    t.same(elementCalls(new FakeSys(), create), elementCalls(liveSys(), create), name);
});

t.test('map info', async t => {
  const sys = new FakeSys();
  const fd = bpf(sys, BpfCmd.BPF_MAP_CREATE, { ...kinds['hash'], map_name: 'start' });
  const info = new Uint8Array(bpfMapInfo.size);
  const { result, attr } = bpfInOut(sys, BpfCmd.BPF_OBJ_GET_INFO_BY_FD, {
    bpf_fd: fd,
    info,
    info_len: info.length,
  });
  t.equal(result, 0);
  t.equal(attr['info_len'], bpfMapInfo.size);
  t.match(bpfMapInfo.decode(info), { type: 1, name: 'start', key_size: 4, value_size: 8, max_entries: 2 });
});

t.test('objects by id live as long as an fd or a pin holds them', async t => {
  const sys = new FakeSys();
  const fd = bpf(sys, BpfCmd.BPF_PROG_LOAD, { prog_type: 1, insns: new Uint8Array(16), insn_cnt: 2 });
  const next = () => bpfInOut(sys, BpfCmd.BPF_PROG_GET_NEXT_ID, {});
  const id = next().attr['next_id'] as number;
  t.equal(bpf(sys, BpfCmd.BPF_OBJ_PIN, { pathname: '/p', bpf_fd: fd }), 0);
  sys.close(fd);
  t.equal(next().attr['next_id'], id, 'the pin holds it');
  const again = bpf(sys, BpfCmd.BPF_PROG_GET_FD_BY_ID, { prog_id: id });
  t.ok(again >= 3);
  t.equal(bpf(sys, BpfCmd.BPF_OBJ_GET, { pathname: '/q' }), -Errno.ENOENT);
  t.equal(bpf(sys, BpfCmd.BPF_PROG_GET_FD_BY_ID, { prog_id: id + 1 }), -Errno.ENOENT);
});

t.test('links and bindings need a program', async t => {
  const sys = new FakeSys();
  const map = bpf(sys, BpfCmd.BPF_MAP_CREATE, kinds['hash']!);
  const prog = bpf(sys, BpfCmd.BPF_PROG_LOAD, { prog_type: 5, insns: new Uint8Array(16), insn_cnt: 2 });
  const event = sys.perfEventOpen(new Uint8Array(112), -1, 0);
  const link = (prog_fd: number) =>
    bpf(sys, BpfCmd.BPF_LINK_CREATE, {
      prog_fd,
      target_fd: event,
      attach_type: 41,
      perf_event: { bpf_cookie: 5 },
    });
  t.equal(link(map), -Errno.EBADF);
  t.ok(link(prog) > 0);
  t.equal(bpf(sys, BpfCmd.BPF_PROG_BIND_MAP, { prog_fd: prog, map_fd: map }), 0);
  t.equal(bpf(sys, BpfCmd.BPF_PROG_BIND_MAP, { prog_fd: map, map_fd: prog }), -Errno.EBADF);
  t.match(bpfCalls(sys, 'BPF_LINK_CREATE')[1], { prog_fd: prog, perf_event: { bpf_cookie: 5n } });
  t.equal(sys.openFds.length, 4);
});

t.test('answers and failures', async t => {
  const sys = new FakeSys();
  const create = () => bpf(sys, BpfCmd.BPF_MAP_CREATE, kinds['hash']!);
  sys.failNth(2, Errno.ENOMEM);
  t.ok(create() > 0);
  t.equal(create(), -Errno.ENOMEM);
  t.ok(create() > 0);
  sys.answer(BpfCmd.BPF_MAP_CREATE, -Errno.EPERM);
  t.equal(create(), -Errno.EPERM);
  sys.answer(BpfCmd.BPF_MAP_CREATE, undefined);
  t.ok(create() > 0);
  t.equal(sys.attempts, 5);
  sys.answer(BpfCmd.BPF_PROG_LOAD, (attr, memory) => {
    memory(attr['log_buf']).set(new TextEncoder().encode('no\0'));
    return -Errno.EACCES;
  });
  const log_buf = new Uint8Array(8);
  t.equal(
    bpf(sys, BpfCmd.BPF_PROG_LOAD, { insns: new Uint8Array(8), insn_cnt: 1, log_buf, log_size: 8 }),
    -Errno.EACCES,
  );
  t.equal(new TextDecoder().decode(log_buf.subarray(0, 2)), 'no');
});

t.test('what is left open is counted', async t => {
  const sys = new FakeSys();
  const fd = new OwnedFd(sys, bpf(sys, BpfCmd.BPF_MAP_CREATE, kinds['hash']!));
  const mapping = sys.mmap(fd.value, 4096);
  let woken = 0;
  const poll = sys.poll(fd.value, () => woken++);
  if (typeof mapping === 'number' || typeof poll === 'number') throw new Error('no mapping or poll');
  sys.wake(fd.value);
  t.equal(woken, 1);
  t.same([sys.openFds, sys.openMappings, sys.openPolls], [[fd.value], 1, 1]);
  poll.close();
  mapping.close();
  mapping.close();
  fd.close();
  t.same([sys.openFds, sys.openMappings, sys.openPolls], [[], 0, 0]);
  t.equal(sys.close(3), -Errno.EBADF, 'a second close');
});

t.test('a load that a signal interrupts is tried five times', async t => {
  const sys = new FakeSys();
  const load = () => bpf(sys, BpfCmd.BPF_PROG_LOAD, { insns: new Uint8Array(8), insn_cnt: 1 });
  for (const n of [1, 2, 3, 4]) sys.failNth(n, Errno.EAGAIN);
  t.ok(load() > 0);
  t.equal(sys.attempts, 5);
  for (const n of [1, 2, 3, 4, 5]) sys.failNth(n, Errno.EAGAIN);
  t.equal(load(), -Errno.EAGAIN);
  t.equal(sys.attempts, 10);
  sys.failNth(1, Errno.EAGAIN);
  t.equal(bpf(sys, BpfCmd.BPF_MAP_CREATE, kinds['hash']!), -Errno.EAGAIN, 'only loads');
});
