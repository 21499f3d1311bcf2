import t from 'tap';
import {
  ArrayMap,
  BloomFilter,
  createMap,
  HashMap,
  HashOfMaps,
  LpmTrie,
  openMap,
  QueueMap,
  StackMap,
  TaskStorage,
} from '../src/maps/index.js';
import { Errno, liveSys } from '../src/syscall/index.js';
import { failingSys } from './failing-sys.js';
import { needs } from './live.js';
import { openFds } from './open-fds.js';

t.test('prefixes without BTF: of 4 and 16 bytes addresses, else bytes', async t => {
  if (!needs(t, { bpf: true })) return;
  const trie = (key: number) =>
    createMap({ type: 'lpm_trie', key, value: 'u32', maxEntries: 4, kind: LpmTrie });
  using v4 = trie(8);
  using v6 = trie(20);
  using other = trie(6);
  t.same([...v4.set('10.0.0.0/8', 1).keys()], ['10.0.0.0/8']);
  t.same([...v6.set('2001:db8::/32', 1).keys()], ['2001:db8::/32']);
  const prefix = { prefixlen: 9, data: Uint8Array.of(1, 128) };
  t.same([...other.set(prefix, 1).keys()], [prefix]);
  const bytes = Uint8Array.of(8, 0, 0, 0, 10, 0, 0, 0);
  t.equal(v4.get(bytes), 1, 'bytes are taken, too');
  t.throws(() => v4.set('10.0.0.0/8', 1, 'noExist'), /EEXIST/);
});

t.test('queues, stacks and filters of bytes', async t => {
  if (!needs(t, { bpf: true })) return;
  using queue = createMap({ type: 'queue', value: 3, maxEntries: 2, kind: QueueMap });
  using stack = createMap({ type: 'stack', value: 'u64', maxEntries: 2, kind: StackMap });
  using filter = createMap({
    type: 'bloom_filter',
    value: 'u32',
    maxEntries: 10,
    mapExtra: 7,
    kind: BloomFilter,
  });
  t.same(queue.push(Uint8Array.of(1, 2, 3)).pop(), Uint8Array.of(1, 2, 3));
  t.throws(() => queue.push(Uint8Array.of(1)), { name: 'TypeError', message: /1 bytes, must be 3/ });
  t.same(stack.push(1n).push(2n).pop(), 2n);
  t.equal(filter.hashes, 7);
  t.equal(filter.add(5).mayHave(5), true);
  t.throws(() => filter.add('x'), { name: 'TypeError' });
});

t.test('an inner map of a map that somebody else made has the types that the kernel was told', async t => {
  if (!needs(t, { bpf: true })) return;
  const inner = { type: 'hash', key: 'u32', value: 'u64', maxEntries: 4 } as const;
  using outer = createMap({ type: 'hash_of_maps', key: 'u64', inner, maxEntries: 4, kind: HashOfMaps });
  using one = createMap({ ...inner, kind: HashMap });
  one.set(1, 2n);
  outer.set(5n, one);
  using same = openMap({ id: outer.id }, { kind: HashOfMaps });
  t.same([...same.keys()].length, 1);
  const [key] = same.keys();
  using opened = same.get(key) as HashMap;
  t.same([...opened], [[1, 2n]]);
  using array = createMap({ type: 'array', value: 'u64', maxEntries: 4, kind: ArrayMap });
  t.throws(() => same.set(key, array), {
    errnoName: 'EINVAL',
    message: /type of map .* is 2, inner maps must have 1/,
  });
});

t.test('whatever call fails, nothing stays open', async t => {
  if (!needs(t, { bpf: true })) return;
  const failing = failingSys(liveSys());
  const { sys } = failing;
  using tasks = createMap({ type: 'task_storage', value: 'u64', sys, kind: TaskStorage });
  using inner = createMap({ type: 'array', value: 'u64', maxEntries: 1, sys, kind: ArrayMap });
  using outer = createMap({ type: 'hash_of_maps', key: 'u32', inner, maxEntries: 2, sys, kind: HashOfMaps });
  outer.set(1, inner);
  using opened = openMap({ id: outer.id }, { sys, kind: HashOfMaps });
  const before = openFds();
  const uses: Record<string, () => unknown> = {
    'a process': () => tasks.set({ pid: process.pid }, 1n).delete({ pid: process.pid }),
    'an inner map': () => outer.get(1)?.close(),
    'an inner map of a map opened': () => opened.get([...opened.keys()][0])?.close(),
  };
  for (const [name, use] of Object.entries(uses)) {
    const first = failing.calls;
    use();
    const calls = failing.calls - first;
    t.ok(calls > 1, `${name} takes ${calls} calls`);
    for (let n = 1; n <= calls; n++) {
      failing.failAt(n, Errno.EIO);
      t.throws(use, { errnoName: 'EIO' } as never, `${name}: call ${n} fails`);
      t.same(openFds(), before);
    }
  }
  t.same(failing.strayCloses, []);
});
