import { mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  type BpfMap,
  BpfObject,
  Kernel,
  liveSys,
  type Program,
  UnsupportedFeatureError,
} from '../src/index.js';
import { versionCode } from '../src/kernel/index.js';
import { ArrayMap, HashMap } from '../src/maps/index.js';
import { ownBpffs } from './bpffs.js';
import { failingSys } from './failing-sys.js';
import { needs, run } from './live.js';
import { openFds } from './open-fds.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';
import { currentCgroup } from './test-cgroup.js';

const opened = (...programs: string[]): BpfObject =>
  BpfObject.open(fixture('test-links-iter')).load({ programs, pinRoot: false });

async function linesOf(program: Program, parameters: Parameters<Program['read']>[0] = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of program.read(parameters).lines()) lines.push(line);
  return lines;
}

/** Whether the kernel has what came with Linux 6.1: iterators over cgroups, and parameters of those over tasks. */
const hasParameters = (): boolean => {
  const { btf } = Kernel.running(liveSys());
  const id = btf?.findByName('bpf_iter_link_info', 'union');
  const type = id === undefined ? undefined : btf?.type(id);
  return type?.kind === 'union' && type.members.some(member => member.name === 'task');
};

await sectionRow(t, ['iter'], async t => {
  using object = opened('tasks');
  const program = object.program('tasks');
  const self = `${process.pid} ${process.pid}`;
  t.ok(program.read().text().split('\n').includes(self), 'all tasks, this one among them');
  t.ok((await linesOf(program)).includes(self), 'by lines');
  using link = program.attach();
  t.equal(link.target, 'task');
  t.ok(link.isBpfLink);
  t.match(link.info(), { target: 'task' });
  t.ok(link.read().text().split('\n').includes(self), 'of a link');
  t.ok(link.read().text().split('\n').includes(self), 'once more');
  t.match(run('bpftool', 'link', 'show', 'id', String(link.info().id)), /iter.*target_name task/s);
  link.close();
  t.throws(() => link.read().text(), { code: 'ERR_RAWBPF_STATE' });
});

await sectionRow(t, ['iter.s'], t => {
  using object = opened('tasks_sleepable');
  t.match(
    object.program('tasks_sleepable').read().text(),
    new RegExp(`^${process.pid} ${process.pid}$`, 'm'),
  );
});

t.test('an iterator over the threads of one process', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = opened('tasks');
  const program = object.program('tasks');
  if (!hasParameters()) {
    t.throws(() => program.read({ pid: process.pid }).text(), UnsupportedFeatureError);
    return;
  }
  const threads = await linesOf(program, { pid: process.pid });
  t.ok(threads.length > 1, `${threads.length} threads`);
  t.ok(threads.every(line => line.startsWith(`${process.pid} `)));
  t.same(await linesOf(program, { tid: process.pid }), [`${process.pid} ${process.pid}`]);
  const pidfd = liveSys().pidfdOpen(process.pid);
  try {
    t.ok((await linesOf(program, { pidfd })).every(line => line.startsWith(`${process.pid} `)));
  } finally {
    liveSys().close(pidfd);
  }
  t.throws(() => program.read({ pid: 1, tid: 1 }).text(), { name: 'TypeError', message: /not several/ });
  t.throws(() => program.read({ map: 1 }).text(), {
    name: 'TypeError',
    message: /map: an iterator over task takes none/,
  });
});

t.test('an iterator over the elements of a map', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = opened('elements');
  const program = object.program('elements');
  const numbers = object.map('numbers', HashMap) as HashMap<number, bigint>;
  numbers.set(7, 49n);
  numbers.set(8, 64n);
  t.same((await linesOf(program, { map: numbers })).sort(), ['7 49', '8 64']);
  t.same((await linesOf(program, { map: numbers.fd })).sort(), ['7 49', '8 64']);
  const many = object.map('many', ArrayMap) as BpfMap;
  const text = program.read({ map: many }).text();
  t.ok(text.length > 3 * 32768, `${text.length} bytes, more than the kernel gives at once`);
  t.equal(text.split('\n').length, 20001);
  t.throws(() => program.attach(), { errnoName: 'EBADF', message: /needs one/ });
});

t.test('no descriptor stays open, however a reading ends', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = opened('elements');
  const output = object.program('elements').read({ map: object.map('many') });
  // Its first use makes descriptors that stay, of the event loop's threads.
  output.text();
  for await (const _ of output) break;
  const before = openFds();
  for await (const chunk of output) {
    t.ok(chunk.length > 0);
    t.ok(openFds().length > before.length, 'open while it is read');
    break;
  }
  t.same(openFds(), before, 'after a break');
  await t.rejects(async () => {
    for await (const _ of output.lines()) throw new Error('mine');
  }, /mine/);
  t.same(openFds(), before, 'after an exception');
  t.equal(output.bytes().length, Buffer.byteLength(output.text()));
  t.same(openFds(), before, 'after all of it');
  t.same(object.program('elements').links, []);
});

t.test('whichever call of a reading fails, nothing is left', async t => {
  if (!needs(t, { bpf: true })) return;
  for (const errno of [1, 4, 11, 12, 22]) {
    let n = 0;
    for (let failed = true; failed; ) {
      const failing = failingSys(liveSys());
      using object = BpfObject.open(fixture('test-links-iter'), { sys: failing.sys });
      object.load({ programs: ['elements'], pinRoot: false });
      const output = object.program('elements').read({ map: object.map('many') });
      const before = [...failing.open];
      failing.failAt(++n, errno);
      try {
        for await (const _ of output) break;
        failed = false;
      } catch (error) {
        t.match(error, { code: 'ERR_RAWBPF_SYSCALL' }, `call ${n} answers ${errno}`);
      }
      t.same([...failing.open], before);
      t.same(failing.strayCloses, []);
    }
    t.ok(n > 2, 'making the link, and the iterator');
  }
});

t.test('a pinned iterator is read as a file', t => {
  if (!needs(t, { bpf: true, tools: ['mount'] })) return;
  t.plan(2);
  const folder = ownBpffs(t);
  using object = opened('tasks');
  {
    using link = object.program('tasks').attach();
    link.pin(join(folder, 'tasks'));
  }
  const text = readFileSync(join(folder, 'tasks'), 'utf8');
  t.match(text, new RegExp(`^${process.pid} ${process.pid}$`, 'm'));
  t.match(run('cat', join(folder, 'tasks')), /^\d+ \d+$/m);
});

t.test('an iterator over cgroups', async t => {
  if (!needs(t, { bpf: true })) return;
  if (!hasParameters()) {
    t.throws(() => opened('cgroups'), { message: /cgroup/ });
    return;
  }
  let parent: string;
  try {
    parent = currentCgroup();
  } catch {
    t.plan(0, 'cgroup v2 is not mounted');
    return;
  }
  const folder = join(parent, `rawbpf-iter-${process.pid}`);
  mkdirSync(join(folder, 'below'), { recursive: true });
  try {
    const [above, own, below] = [parent, folder, join(folder, 'below')].map(path =>
      String(statSync(path).ino),
    );
    using object = opened('cgroups');
    const program = object.program('cgroups');
    t.same(await linesOf(program, { cgroup: folder }), [own, below]);
    t.same(await linesOf(program, { cgroup: folder, order: 'descendants_post' }), [below, own]);
    t.same(await linesOf(program, { cgroup: folder, order: 'self_only' }), [own]);
    t.same((await linesOf(program, { cgroup: folder, order: 'ancestors_up' })).slice(0, 2), [own, above]);
    t.same(await linesOf(program, { cgroupId: BigInt(own!), order: 'descendants_pre' }), [own, below]);
    t.ok((await linesOf(program)).includes(below!), 'from the root');
    if (Kernel.running(liveSys()).versionCode < versionCode('7.0'))
      t.throws(() => program.read({ cgroup: folder, order: 'children' }).text(), {
        message: /children of a cgroup \(since Linux 7\.0\)/,
      });
    else t.same(await linesOf(program, { cgroup: folder, order: 'children' }), [below]);
    t.throws(() => program.read({ cgroup: '/nowhere' }).text(), { message: /there is no cgroup/ });
    t.throws(() => program.read({ order: 'sideways' as 'self_only' }).text(), { name: 'TypeError' });
  } finally {
    rmdirSync(join(folder, 'below'));
    rmdirSync(folder);
  }
});
