import { closeSync, openSync, readSync } from 'node:fs';
import { inspect } from 'node:util';
import t, { type Test } from 'tap';
import { ArenaMap, type LiveStruct } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { arenaObject, needsArena } from './arena-object.js';
import { testRun } from './test-run.js';

interface Node extends LiveStruct {
  next: Node | undefined;
  value: bigint;
  name: string;
  low: number;
  high: number;
  odd: boolean;
  history: Uint32Array;
  around: readonly (Node | undefined)[];
}

/** The fixture, loaded, with a list of `count` nodes in its arena. */
function built(t: Test, count: number) {
  const object = BpfObject.open(arenaObject(t)).load();
  t.teardown(() => object.close());
  t.equal(testRun(object.program('build'), count), 0, 'built');
  const arena = object.map('arena', ArenaMap);
  return { object, arena, head: object.globals['head'] as bigint };
}

function nodesFrom(arena: ArenaMap, pointer: bigint): Node[] {
  const nodes: Node[] = [];
  for (let n = arena.view('node', pointer) as Node | undefined; n; n = n.next) nodes.push(n);
  return nodes;
}

/** What this process has at an address, without any of our code: from /proc. */
function fromProc(address: bigint, size: number): Buffer {
  const fd = openSync('/proc/self/mem', 'r');
  const bytes = Buffer.alloc(size);
  readSync(fd, bytes, 0, size, address);
  closeSync(fd);
  return bytes;
}

t.test('a list that a program made, by its pointers', async t => {
  if (!needsArena(t)) return;
  const { object, arena, head } = built(t, 200);
  const nodes = nodesFrom(arena, head);
  t.same(
    nodes.map(n => [n.value, n.name, n.low, n.high, n.odd]),
    Array.from({ length: 200 }, (_, i) => 199 - i).map(i => [
      BigInt(i * i),
      String.fromCharCode(97 + (i % 26)),
      i % 32,
      -i,
      i % 2 === 1,
    ]),
  );
  t.equal(testRun(object.program('sum')), Number(nodes.reduce((sum, n) => sum + n.value, 0n)));

  const first = nodes[0] as Node;
  t.equal(arena.pointerTo(first), head);
  t.equal(arena.offsetOf(head), Number(head - arena.address));
  t.same(arena.read('struct node', head), arena.read('node', first), 'a pointer, a view of what is there');
  t.same(
    arena.read('node', head & 0xffff_ffffn),
    arena.read('node', head),
    'the lower half, as programs have it',
  );
  t.match(arena.read('node', head), {
    value: 199n * 199n,
    at: { x: 199, y: -199 },
    word: 0x0102030405060708n,
  });
  t.same(first['at'], { x: 199, y: -199 }, 'a struct in it');
  t.equal(first.around[0]?.value, first.value, 'cycles are no matter');
  t.equal(first.around[1]?.value, 198n * 198n);
  t.same(first['bytes'], Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1), 'the other member of a union');
  t.same(
    JSON.parse(JSON.stringify(first, asNumbers)),
    JSON.parse(JSON.stringify(arena.read('node', head), asNumbers)),
  );
  t.match(inspect(first), /name: 'r'/, 'what console.log shows');
  const size = 80;
  t.same(Buffer.from(arena.bytes(head, size)), fromProc(head, size), 'as /proc has it');
  t.equal(arena.bytes(head, size).length, size);
});

t.test('what is written there is what the programs read', async t => {
  if (!needsArena(t)) return;
  const { object, arena, head } = built(t, 10);
  const sum = () => testRun(object.program('sum'));
  const before = sum();
  const [a, b, c] = nodesFrom(arena, head) as [Node, Node, Node];
  a.value += 1000n;
  t.equal(sum(), before + 1000, 'a member');
  a.next = c;
  t.equal(sum(), before + 1000 - Number(b.value), 'a pointer, from a view');
  const whole = arena.read('node', c) as Record<string, unknown>;
  arena.write('node', c, { ...whole, value: 1n, next: 0n });
  t.equal(sum(), Number(a.value) + 1, 'a whole struct');
  a.next = undefined;
  t.equal(arena.read('node', a.around[0] as Node) instanceof Object && a.next, undefined);
  t.equal(sum(), Number(a.value), 'NULL');

  const was = [a.low, a.odd, a['at'], a.name];
  a.high = -1000;
  t.same(
    [a.high, a.low, a.odd, a['at'], a.name],
    [-1000, ...was],
    'a bit-field, and its neighbours as they were',
  );
  t.throws(() => (a.high = 1024), { name: 'TypeError', message: /high.*-1024 to 1023/ });
  t.throws(() => (a.value = -1n), { name: 'TypeError', message: /^value: / });
  t.throws(() => (a['valeu'] = 1n), TypeError, 'a member that there is not');
  t.throws(() => ((a.around as unknown[])[0] = undefined), TypeError, 'an array that is a copy');
  a.history[2] = 7;
  t.same((arena.read('node', a) as { history: number[] }).history, [0, 0, 7, 9], 'one that is not');
  const values = arena.array(head, 2, 'u64') as BigUint64Array;
  values[1] = 5n;
  t.equal(a.value, 5n);
  object.close();
  t.same([...values], [0n, 0n], 'zeros once closed');
  t.throws(() => a.value, { name: 'TypeError', message: /arena is closed/ });
  t.throws(() => (a.value = 1n), { name: 'TypeError', message: /arena is closed/ });
  t.throws(() => arena.view('node', head), TypeError);
});

t.test('pointers that do not point into the arena', async t => {
  if (!needsArena(t)) return;
  const { object, arena, head } = built(t, 3);
  const end = arena.address + BigInt(arena.length);
  t.equal(arena.length, 64 * 4096);
  t.equal(arena.view('node', 0n), undefined);
  const named = (pointer: bigint) => ({
    name: 'RangeError',
    message: new RegExp(
      `map arena: node: 80 bytes at 0x${pointer.toString(16)} are not in the arena, which is 0x`,
    ),
  });
  for (const pointer of [
    0n,
    8n,
    end,
    end - 72n,
    arena.address - 8n,
    arena.address - 1n,
    end + (1n << 32n),
    1n << 63n,
  ]) {
    t.throws(() => arena.read('node', pointer), named(pointer));
    t.throws(() => arena.write('node', pointer, {}), named(pointer));
    if (pointer !== 0n) t.throws(() => arena.view('node', pointer), named(pointer));
  }
  t.equal(testRun(object.program('sum')), 5, 'nothing was written');
  arena.write('u64', head, 0xffff_8000_0000_0000n);
  const [node] = [arena.view('node', head) as Node];
  t.throws(() => node.next, { name: 'RangeError', message: /next: 80 bytes at 0xffff800000000000/ });
  t.equal((arena.read('node', head) as { next: bigint }).next, 0xffff_8000_0000_0000n, 'read() follows none');
  t.throws(() => arena.read('no_such', head), { name: 'TypeError', message: /no type no_such/ });
  t.throws(() => arena.view('u64', head), { name: 'TypeError', message: /only structs and unions/ });
  t.throws(() => arena.bytes(head, arena.length), RangeError);
  t.throws(() => arena.array(head + 4n, 1, 'u64'), { name: 'TypeError', message: /multiple/ });
  t.throws(() => arena.pointerTo(arena.length), RangeError);
});

t.test('variables of an arena are globals', async t => {
  if (!needsArena(t)) return;
  using object = BpfObject.open(arenaObject(t));
  const { globals } = object;
  t.match(globals, { counter: 40n, first: { value: 99n, name: 'first' } }, 'initial values');
  globals['counter'] = 50n;
  object.globalView('first')['value'] = 98n;
  object.load();
  t.match(globals, { counter: 50n, first: { value: 98n, name: 'first' } }, 'set before load');
  t.equal(testRun(object.program('build'), 7), 0);
  t.equal(globals['counter'], 57n);
  const first = object.globalView('first') as Node;
  t.equal(first.next?.value, 36n, 'their pointers are followed');
  const arena = object.map('arena', ArenaMap);
  t.equal(arena.pointerTo(first.next as Node), globals['head']);
  first.value = 1n;
  t.match(globals['first'], { value: 1n });
  const counter = object.globalArray('counter');
  globals['counter'] = 100n;
  t.equal(testRun(object.program('build'), 1), 0);
  t.same([...counter], [101n]);
  object.close();
  t.same([...counter], [0n]);
  t.throws(() => globals['counter'], { code: 'ERR_RAWBPF_STATE' });
  t.throws(() => first.value, TypeError);
});

function asNumbers(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
