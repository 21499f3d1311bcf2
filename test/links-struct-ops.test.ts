import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { attachStructOps, BpfObject, Kernel, liveSys, openLink, StructOpsMap } from '../src/index.js';
import { versionCode } from '../src/kernel/index.js';
import { ownBpffs } from './bpffs.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';
import { until } from './until.js';

/** `IPPROTO_TCP` and an option of it. */
const tcp = 6;
const TCP_CONGESTION = 13;

const kernel = Kernel.running(liveSys());
const hasLinks = kernel.versionCode >= versionCode('6.4');

/** Loads the maps of these names, and with them the programs that they are made of. */
const loaded = (...names: string[]): BpfObject =>
  BpfObject.open(fixture('test-links-struct-ops')).load({
    maps: Object.fromEntries(names.map(name => [name, { autocreate: true }])),
  });

const available = (): readonly string[] =>
  readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8').trim().split(' ');

/** Gives a connection of this machine with itself a congestion control; false when the kernel has none of this name. */
async function use(name: string): Promise<boolean> {
  const server = createServer(socket => socket.on('error', () => {}));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const { fd } = (socket as Socket & { _handle: { fd: number } })._handle;
  const result = liveSys().setsockopt(fd, tcp, TCP_CONGESTION, new TextEncoder().encode(name));
  socket.destroy();
  await new Promise(resolve => server.close(resolve));
  return result === 0;
}

await sectionRow(t, ['struct_ops'], async t => {
  using object = loaded('counting');
  t.notOk(await use('rawbpf_plain'), 'not there before it is attached');
  const [link, more] = object.attach();
  t.notOk(more);
  t.match(link, { kind: 'struct_ops', program: 'counting', isBpfLink: false });
  t.ok(available().includes('rawbpf_plain'));
  t.ok(await use('rawbpf_plain'));
  t.equal(object.globals['runs'], 1n);
  t.same(object.attach(), [], 'attached already');
  link?.close();
  t.notOk(available().includes('rawbpf_plain'));
  t.notOk(await use('rawbpf_plain'));
});

await sectionRow(t, ['struct_ops.s'], async t => {
  using object = loaded('sleepable');
  const links = object.attach();
  t.ok(await use('rawbpf_sleepy'));
  t.equal(object.globals['runs'], 1n);
  for (const link of links) link.close();
  t.notOk(await use('rawbpf_sleepy'));
});

t.test('a link registers a map, and another in its place', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  if (!hasLinks) {
    t.throws(() => loaded('linked'), { code: 'ERR_RAWBPF_UNSUPPORTED', since: '6.4' });
    return;
  }
  using object = loaded('linked', 'replacement');
  const map = object.map('linked', StructOpsMap);
  t.throws(() => map.register(), { name: 'TypeError', message: /attachStructOps/ });
  const link = attachStructOps(map);
  t.ok(link.isBpfLink);
  t.match(link.info(), { mapId: map.id });
  t.match(
    run('bpftool', 'link', 'show', 'id', String(link.info().id)),
    /struct_ops|type 9/,
    'bpftool sees the link',
  );
  t.ok(await use('rawbpf_linked'));
  t.same([object.globals['runs'], object.globals['other_runs']], [1n, 0n]);
  const replacement = object.map('replacement', StructOpsMap);
  t.throws(() => link.update(replacement, { expected: replacement }), {
    errnoName: 'EPERM',
    message: /not the expected one/,
  });
  link.update(replacement, { expected: map });
  t.equal(link.program, 'replacement');
  t.match(link.info(), { mapId: replacement.id });
  t.ok(await use('rawbpf_linked'));
  t.same([object.globals['runs'], object.globals['other_runs']], [1n, 1n]);
  t.throws(() => attachStructOps(map), { errnoName: 'EEXIST', message: /of its name/ });
  link.close();
  t.notOk(await use('rawbpf_linked'));
  {
    using again = attachStructOps(map);
    t.ok(again.isOpen && (await use('rawbpf_linked')), 'by a second link');
  }
  t.notOk(await use('rawbpf_linked'));
});

t.test('closing the object closes its links; a pinned one stays', async t => {
  if (!needs(t, { bpf: true, tools: ['mount'] })) return;
  if (!hasLinks) {
    t.plan(0, `links of struct_ops need Linux 6.4, this is ${kernel.release}`);
    return;
  }
  const object = loaded('linked');
  object.attach();
  t.ok(await use('rawbpf_linked'));
  object.close();
  t.notOk(await use('rawbpf_linked'));
  const path = join(ownBpffs(t), 'cc');
  {
    using second = loaded('linked');
    for (const link of second.attach()) link.pin(path);
  }
  t.ok(await use('rawbpf_linked'));
  using pinned = openLink({ path });
  t.ok(pinned.unpin(path));
  pinned.close();
  t.notOk(await use('rawbpf_linked'));
});

t.test('a scheduler', async t => {
  if (!needs(t, { bpf: true })) return;
  if (kernel.btf?.findByName('bpf_struct_ops_sched_ext_ops', 'struct') === undefined) {
    t.throws(() => loaded('scheduler'), {
      code: 'ERR_RAWBPF_OBJECT',
      message: /map scheduler: .* knows no struct_ops sched_ext_ops/,
    });
    return;
  }
  const state = (): string => readFileSync('/sys/kernel/sched_ext/state', 'utf8').trim();
  using object = loaded('scheduler');
  t.equal(state(), 'disabled');
  const [link] = object.attach();
  t.equal(state(), 'enabled');
  t.equal(readFileSync('/sys/kernel/sched_ext/root/ops', 'utf8').trim(), 'rawbpf_counting');
  await until(() => object.globals['runs'] !== 0n);
  const runs = object.globals['runs'] as bigint;
  t.ok(runs > 0n, `${runs} times a task was given the CPU`);
  link?.close();
  await until(() => state() === 'disabled');
  t.equal(state(), 'disabled');
});
