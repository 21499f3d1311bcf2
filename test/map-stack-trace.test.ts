import t from 'tap';
import { ProgArray, type StackBuildId, StackTraceMap } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { dumped, hexBytes } from './dumped.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';

const open = (): BpfObject => BpfObject.open(fixture('test-map-kinds')).load();

t.test('stacks that a program took', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = open();
  const map = object.map('stacks', StackTraceMap);
  t.equal(map.hasBuildIds, false);
  t.same([...map], []);
  const id = testRun(object.program('take_stack'));
  t.ok(id < 64, `stack ${id}`);
  t.same([...map.keys()], [id]);
  const stack = map.get(id) as readonly bigint[];
  t.ok(stack.length > 0 && stack.length <= 32, `${stack.length} frames`);
  t.ok(stack.every(address => address > 0n));
  const [theirs] = dumped(map);
  const bytes = hexBytes(theirs?.value);
  const words = [...new BigUint64Array(bytes.buffer)].filter(word => word !== 0n);
  t.same(stack, words, 'as bpftool dumps it');
  t.equal(map.get(id + 1), undefined);
  t.same([...map], [[id, stack]]);
  t.equal(map.delete(id), true);
  t.equal(map.delete(id), false);
  t.same([...map], []);
  t.throws(() => map.get(-1), { name: 'TypeError' });
});

t.test('stacks by build id', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = open();
  const map = object.map('build_ids', StackTraceMap);
  t.equal(map.hasBuildIds, true);
  const id = testRun(object.program('take_build_ids'));
  const frames = map.get(id) as readonly StackBuildId[];
  t.ok(frames.length > 0);
  const [theirs] = dumped(map);
  const bytes = Buffer.from(hexBytes(theirs?.value));
  for (const [i, frame] of frames.entries()) {
    const at = 32 * i;
    const place = bytes.readBigUInt64LE(at + 24);
    if (bytes.readInt32LE(at) === 1)
      t.same(frame, { status: 'valid', buildId: bytes.toString('hex', at + 4, at + 24), offset: place });
    else t.same(frame, { status: 'ip', ip: place });
  }
  t.equal(bytes.readInt32LE(32 * frames.length), 0, 'all frames');
});

t.test('a program array: entries', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = open();
  const map = object.map('jumps', ProgArray);
  const landed = object.program('landed');
  t.same([...map], []);
  map.set(3, landed).set(0, landed.fd);
  t.same(
    [...map],
    [
      [0, landed.info().id],
      [3, landed.info().id],
    ],
  );
  const theirs = dumped(map).filter(
    ({ error, value }) => !error && !String((value as { error?: string }).error ?? '').length,
  );
  t.same(
    theirs.map(({ value }) => hexBytes(value)[0]),
    [landed.info().id & 255, landed.info().id & 255],
    'as bpftool',
  );
  t.equal(testRun(object.program('jump'), 3), 42);
  t.equal(testRun(object.program('jump'), 1), 1);
  t.equal(map.delete(3), true);
  t.equal(testRun(object.program('jump'), 3), 1);
  t.throws(() => map.set(1, { fd: -1 }), { name: 'TypeError', message: /jumps: value/ });
});
