import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfObject, createMap, HashMap, openLink } from '../src/index.js';
import { ownBpffs } from './bpffs.js';
import { rawbpf } from './cli-process.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

// Processes start slowly on a busy machine.
t.setTimeout(120_000);

/** Pins by the command, reads, and takes the pin away. */
function pinned(t: Test, path: string, ...args: string[]): string {
  t.same(rawbpf('iter', 'pin', fixture('test-links-iter'), path, ...args), {
    status: 0,
    stdout: '',
    stderr: '',
  });
  using link = openLink({ path });
  t.equal(link.kind, 'iter');
  const text = readFileSync(path, 'utf8');
  unlinkSync(path);
  return text;
}

t.test('a pinned iterator is run by reading the file', async t => {
  if (!needs(t, { bpf: true })) return;
  const path = join(ownBpffs(t), 'tasks');
  t.ok(pinned(t, path).split('\n').includes(`${process.pid} ${process.pid}`), 'the first: over tasks');
  t.notOk(existsSync(path));
});

t.test('an iterator over the elements of a map', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = ownBpffs(t);
  using object = BpfObject.open(fixture('test-links-iter')).load({ programs: ['elements'], pinRoot: false });
  const map = object.map('numbers', HashMap);
  map.set(7, 49n);
  map.set(8, 64n);
  const read = (...which: string[]) =>
    pinned(t, join(folder, 'elements'), 'map', ...which, '--program', 'elements')
      .trim()
      .split('\n')
      .sort();
  const expected = object.program('elements').read({ map }).text().trim().split('\n').sort();
  t.equal(expected.length, 2);
  t.same(read('id', String(map.info().id)), expected);
  const pin = join(folder, 'numbers');
  map.pin(pin);
  t.same(read('pinned', pin), expected);
});

t.test('what cannot be pinned is refused', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = ownBpffs(t);
  const path = join(folder, 'iterator');
  using map = createMap({ type: 'hash', key: 4, value: 8, maxEntries: 1 });
  for (const [args, message] of [
    [[fixture('minimal'), path], /minimal.bpf.o: no program is an iterator/],
    [[fixture('test-links-iter'), path, '--program', 'none'], /no iterator is called none; there is tasks, /],
    [[fixture('test-links-iter'), path, 'mop', '7'], /mop: not expected here/],
    [[fixture('test-links-iter'), path, 'map', '2147483647'], /^rawbpf: map of id 2147483647: .*ENOENT/],
    [
      [fixture('test-links-iter'), path, 'map', String(map.info().id)],
      /^rawbpf: [^\n]*an iterator over task takes none\n$/,
    ],
    [[fixture('test-links-iter'), path, '--program', 'elements'], /EBADF.*it needs one/],
    [[fixture('test-links-iter'), '/tmp/iterator'], /is not on a bpf file system/],
  ] as const) {
    const { status, stdout, stderr } = rawbpf('iter', 'pin', ...args);
    t.same([status, stdout], [1, '']);
    t.match(stderr, message);
    t.notOk(existsSync(args[1]));
  }
});
