import { readFileSync } from 'node:fs';
import t from 'tap';
import { BpfFlags } from '../src/abi/index.js';
import { ArenaMap, createMap, type LiveStruct, openMap } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { liveSys, MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../src/syscall/index.js';
import { arenaObject, cast, needsArena } from './arena-object.js';
import { compile } from './compile.js';
import { needs, which } from './live.js';
import { testRun } from './test-run.js';

const { BPF_F_SEGV_ON_FAULT } = BpfFlags;

/** An object without variables in its arena, because its pages are its program's. */
const source = `
struct { __uint(type, 33); __uint(map_flags, 1024 | ${BPF_F_SEGV_ON_FAULT}); __uint(max_entries, 8); } arena SEC(".maps");
struct node { struct node *next; u64 value; u32 history[2]; u32 low : 3; u32 high : 5; };
struct node *head;
u64 freed;
extern void *bpf_arena_alloc_pages(void *map, void *at, u32 pages, int node, u64 flags) SEC(".ksyms");
extern void bpf_arena_free_pages(void *map, void *at, u32 pages) SEC(".ksyms");
static inline __attribute__((always_inline)) void *kernel(void *user) {
  void *pointer;
  asm volatile("r1 = %1\\n" ${cast} "\\n%0 = r1" : "=r"(pointer) : "r"(user) : "r1");
  return pointer;
}
SEC("syscall") int build(void *ctx) {
  struct node *a = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0), *n, *second;
  void *page = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0);
  if (!a || !page) return 1;
  second = a + 1;
  n = kernel(a); n->value = 1; n->next = second; n->history[1] = 5; n->low = 5; n->high = 17;
  n = kernel(second); n->value = 2;
  head = a;
  freed = (u64)page;
  bpf_arena_free_pages(&arena, page, 1);
  return 0;
}
SEC("syscall") int sum(void *ctx) {
  struct node *n;
  asm volatile("" : : "r"(&arena));
  n = kernel(head);
  return n->value + n->high;
}
`;

t.test('where pages can be missing, reading one is an error', async t => {
  if (!needsArena(t)) return;
  using object = BpfObject.open(compile(t, source)).load();
  t.equal(testRun(object.program('build')), 0);
  const arena = object.map('arena', ArenaMap);
  const head = object.globals['head'] as bigint;
  const freed = object.globals['freed'] as bigint;
  const view = arena.view('node', head) as LiveStruct;
  t.match(view, { value: 1n, history: [0, 5], low: 5, high: 17 });
  t.equal((view['next'] as LiveStruct)['value'], 2n);
  t.match(arena.read('node', head), { value: 1n, history: [0, 5] });
  view['value'] = 100n;
  view['high'] = 31;
  t.equal(testRun(object.program('sum')), 131, 'written where the program reads');
  t.equal(view['low'], 5);
  t.throws(() => ((view['history'] as number[])[0] = 1), TypeError, 'arrays are copies here');
  t.throws(() => arena.array(head, 1), { name: 'TypeError', message: /BPF_F_SEGV_ON_FAULT/ });

  const missing = { code: 'ERR_RAWBPF_SYSCALL', errnoName: 'EFAULT', message: /arena.*EFAULT.*allocated/s };
  const never = arena.pointerTo(7 * 4096);
  for (const pointer of [freed, never]) {
    t.throws(() => arena.read('node', pointer), missing);
    t.throws(() => arena.bytes(pointer, 8), missing);
    t.throws(() => arena.write('__u64', pointer, 1n), TypeError, 'this object has no such type');
    t.throws(() => arena.write('u64', pointer, 1n), missing);
    t.throws(() => (arena.view('node', pointer) as LiveStruct)['value'], missing);
  }
  t.throws(() => arena.bytes(freed - 8n, 16), missing, 'half of it there');
  arena.write('u64', head, never);
  t.throws(() => (view['next'] as LiveStruct)['value'], missing);
  object.close();
  t.throws(() => view['value'], { name: 'TypeError', message: /closed/ });
});

t.test('variables of an arena have no pages there', async t => {
  if (!needsArena(t)) return;
  using object = BpfObject.open(arenaObject(t));
  const spec = object.spec.maps.find(map => map.name === 'arena');
  Object.assign(spec as object, { flags: BpfFlags.BPF_F_MMAPABLE | BPF_F_SEGV_ON_FAULT });
  t.throws(() => object.load(), {
    code: 'ERR_RAWBPF_SYSCALL',
    errnoName: 'EFAULT',
    message: /map arena: initial values.*BPF_F_SEGV_ON_FAULT/s,
  });
});

t.test('an arena of one’s own is mapped when first touched', async t => {
  if (!needsArena(t)) return;
  const { btf } = BpfObject.open(arenaObject(t)).spec;
  const address = 0x7000_0000_0000n;
  using arena = createMap({ type: 'arena', maxEntries: 4, mapExtra: address, btf: btf!, kind: ArenaMap });
  const mapped = () => readFileSync('/proc/self/maps', 'utf8').includes('70000000000');
  t.equal(mapped(), false);
  t.equal(arena.address, address);
  t.equal(mapped(), true);
  t.equal(arena.length, 4 * 4096);
  arena.write('node', address + 8n, { value: 7n, name: 'seven', next: address + 8n });
  const node = arena.view('node', 8n) as LiveStruct;
  t.match(node, { value: 7n, name: 'seven' }, 'the lower half of its address is an offset');
  t.equal((node['next'] as LiveStruct)['value'], 7n);

  using again = openMap({ id: arena.id }, { kind: ArenaMap });
  t.throws(() => again.address, {
    code: 'ERR_RAWBPF_SYSCALL',
    syscall: 'mmap',
    message: /EEXIST.*mapped already.*map_extra/s,
  });
  using anywhere = createMap({ type: 'arena', maxEntries: 4, kind: ArenaMap });
  t.ok(anywhere.address > 0n);
  t.throws(() => anywhere.read('node', anywhere.address), { name: 'TypeError', message: /no BTF/ });
  t.same(anywhere.bytes(anywhere.address, 3), Uint8Array.of(0, 0, 0));
  using other = openMap({ id: anywhere.id }, { kind: ArenaMap });
  t.throws(() => other.address, { code: 'ERR_RAWBPF_SYSCALL', message: /mapped already/ });
});

t.test('an arena of 4 GiB takes the memory that is touched', async t => {
  if (!needsArena(t)) return;
  const { btf } = BpfObject.open(arenaObject(t)).spec;
  const resident = () => process.memoryUsage().rss;
  const before = resident();
  using arena = createMap({ type: 'arena', maxEntries: 2 ** 20, btf: btf!, kind: ArenaMap });
  t.equal(arena.length, 2 ** 32);
  const last = arena.pointerTo(2 ** 32 - 80);
  arena.write('node', last, { value: 3n });
  t.match(arena.view('node', last), { value: 3n });
  t.match(arena.read('node', last & 0xffff_ffffn), { value: 3n });
  const words = arena.array(arena.address, 2 ** 29, 'u64') as BigUint64Array;
  t.equal(words.length, 2 ** 29);
  t.equal(words[2 ** 29 - 9], 3n, 'the whole of it as one array');
  t.throws(() => arena.read('node', last + 8n), RangeError);
  t.ok(resident() - before < 2 ** 28, `${resident() - before} bytes`);
});

const addressSpaces = `
#define __arena __attribute__((address_space(1)))
struct { __uint(type, 33); __uint(map_flags, 1024); __uint(max_entries, 10); } arena SEC(".maps");
struct node { struct node __arena *next; u64 value; };
__arena u64 counter = 3;
__arena struct node last;
struct node __arena *head;
void __arena *bpf_arena_alloc_pages(void *map, void __arena *at, u32 pages, int node, u64 flags) SEC(".ksyms") __attribute__((weak));
SEC("syscall") int build(void *ctx) {
  struct node __arena *n = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0);
  if (!n) return 1;
  last.value = counter++;
  n->value = 7;
  n->next = &last;
  head = n;
  return 0;
}
`;

t.test('what compilers make of address spaces', async t => {
  if (!needsArena(t)) return;
  const clang = ['clang-22', 'clang-21', 'clang-20', 'clang-19'].find(which);
  if (!clang) return void t.plan(0, 'needs clang 19 or newer, which knows address spaces');
  using object = BpfObject.open(compile(t, addressSpaces, 'spaces', clang, 'v4'));
  object.globals['counter'] = 30n;
  object.load();
  t.equal(testRun(object.program('build')), 0);
  t.match(object.globals, { counter: 31n, last: { value: 30n } });
  const head = object.map('arena', ArenaMap).view('struct node', object.globals['head'] as bigint);
  t.match(head, { value: 7n, next: { value: 30n, next: undefined } });
});

t.test('memory copied by the kernel', async t => {
  if (!needs(t, { linux: true })) return;
  const mapping = liveSys().mmap(-1, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
  if (typeof mapping === 'number') return void t.fail(`mmap: ${mapping}`);
  t.equal(mapping.write(4090, Uint8Array.of(1, 2, 3)), 0);
  const bytes = new Uint8Array(4).fill(9);
  t.equal(mapping.read(4090, bytes), 0);
  t.same([...bytes], [1, 2, 3, 0]);
  t.equal(mapping.read(0, new Uint8Array(0)), 0);
  t.throws(() => mapping.read(4093, bytes), RangeError);
  t.throws(() => mapping.write(-1, bytes), RangeError);
  mapping.close();
  t.equal(mapping.read(4090, bytes), 0);
  t.same([...bytes], [0, 0, 0, 0], 'zeros once closed');
  t.equal(mapping.write(4090, bytes), 0);
});
