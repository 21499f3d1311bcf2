import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BpfAttachType } from '../src/abi/index.js';
import {
  CgroupStorage,
  CgrpStorage,
  InodeStorage,
  PercpuCgroupStorage,
  SkStorage,
  TaskStorage,
} from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { BpfError, liveSys } from '../src/syscall/index.js';
import { waitingChild } from './child.js';
import { dumped } from './dumped.js';
import { needs, run } from './live.js';
import { openFds } from './open-fds.js';
import { fixture } from './repository.js';
import { currentCgroup, enterTestCgroup } from './test-cgroup.js';
import { testRun } from './test-run.js';

const open = (): BpfObject => BpfObject.open(fixture('test-map-storage'));
const none = { calls: 0n, last: 0, who: '' };

/** A port as the kernel keeps it, read as a number of this machine. */
function networkOrder(port: number): number {
  return new Uint16Array(Uint8Array.of(port >> 8, port & 0xff).buffer)[0] ?? 0;
}

t.test('a value for a process', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = open().load({ programs: ['count_task'] });
  const map = object.map('tasks', TaskStorage);
  const before = openFds();
  const self = { pid: process.pid };
  t.equal(map.get(self), undefined);
  t.equal(testRun(object.program('count_task'), 5), 0);
  t.same(map.get(self), { ...none, calls: 1n, last: 5 });
  map.set(self, { calls: 10, who: 'user' });
  t.equal(testRun(object.program('count_task'), 6), 0);
  t.same(map.get(self), { calls: 11n, last: 6, who: 'user' });
  const pidfd = liveSys().pidfdOpen(process.pid);
  t.same(map.get(pidfd), map.get(self), 'by pidfd');
  liveSys().close(pidfd);
  const child = waitingChild('exec /bin/true');
  t.equal(map.has({ pid: child.pid }), false);
  map.set({ pid: child.pid }, { last: 9 }, 'noExist');
  t.throws(() => map.set({ pid: child.pid }, {}, 'noExist'), /EEXIST/);
  t.same(map.get({ pid: child.pid }), { ...none, last: 9 });
  await child.release();
  t.throws(() => map.get({ pid: child.pid }), /process \d+: pidfd_open: ESRCH/);
  t.equal(map.delete(self), true);
  t.equal(map.delete(self), false);
  t.throws(() => map.get({ pid: 0 }), { name: 'TypeError', message: /tasks: key: pid: 0/ });
  t.throws(() => map.get('self' as never), { name: 'TypeError', message: /tasks: key/ });
  t.throws(() => map.set(self, { calls: 'x' }), { name: 'TypeError', message: /calls/ });
  t.throws(() => map.get(0), /EBADF/, 'a descriptor of something else');
  t.same(openFds(), before, 'what was opened for a call is closed again');
});

t.test('a value for a file', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open().load({ programs: [] });
  const map = object.map('inodes', InodeStorage);
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-inode-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const before = openFds();
  t.equal(map.get(file), undefined);
  map.set(file, { who: 'file', calls: 2n });
  t.same(map.get(file), { ...none, who: 'file', calls: 2n });
  t.equal(map.get(folder), undefined);
  run('mkfifo', join(folder, 'fifo'));
  t.equal(map.get(join(folder, 'fifo')), undefined, 'a FIFO that nobody writes to');
  t.throws(() => map.get(join(folder, 'none')), /ENOENT/);
  t.throws(() => map.get('a\0b'), { name: 'TypeError', message: /inodes: key/ });
  t.equal(map.delete(file), true);
  t.equal(map.has(file), false);
  t.same(openFds(), before);
});

t.test('a value for a cgroup', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open().load({ programs: ['count_cgroup'] });
  const map = object.map('cgroups', CgrpStorage);
  const own = currentCgroup();
  const before = openFds();
  t.equal(map.get(own), undefined);
  t.equal(testRun(object.program('count_cgroup'), 5), 0);
  t.same(map.get(own), { ...none, calls: 1n, last: 5 });
  map.set(own, { calls: 4, who: 'user' });
  t.equal(testRun(object.program('count_cgroup'), 6), 0);
  t.same(map.get(own), { calls: 5n, last: 6, who: 'user' });
  t.throws(() => map.get('/'), /EBADF/);
  t.throws(() => map.set(own, { who: 5 }), { name: 'TypeError', message: /who/ });
  t.equal(map.delete(own), true);
  t.equal(map.delete(own), false);
  t.same(openFds(), before);
});

t.test('values for sockets, and for a program attached to a cgroup', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = open().load({ programs: ['count_connect'] });
  const sockets = object.map('sockets', SkStorage);
  const attached = object.map('attached', CgroupStorage);
  const percpu = object.map('attached_percpu', PercpuCgroupStorage);
  t.same([...attached], [], 'nothing before it is attached');
  const attachType = BpfAttachType.BPF_CGROUP_INET4_CONNECT;
  using cgroup = enterTestCgroup(object.program('count_connect'), attachType);
  const key = { cgroup_inode_id: cgroup.folder, attach_type: attachType };
  t.same(attached.get(key), none);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const datagram = createSocket('udp4').bind(0, '127.0.0.1');
  await once(datagram, 'listening');
  sockets.set(datagram, { who: 'udp' });
  t.equal(sockets.get(server), undefined);
  sockets.set(server, { who: 'listens' });
  t.same(sockets.get(server), { ...none, who: 'listens' });
  datagram.connect(port, '127.0.0.1');
  await once(datagram, 'connect');
  t.same(sockets.get(datagram), { calls: 1n, last: networkOrder(port), who: 'udp' });
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  t.equal(sockets.get(client), undefined, 'a socket that was given none');
  sockets.set(client, { who: 'tcp' });
  t.same(sockets.get(client), { ...none, who: 'tcp' });
  t.equal(sockets.delete(client), true);
  t.equal(sockets.delete(client), false);

  t.same(attached.get(key), { ...none, calls: 2n, last: 4 });
  const id = statSync(cgroup.folder, { bigint: true }).ino;
  t.same(
    [...attached],
    [
      [
        { ...key, cgroup_inode_id: id },
        { ...none, calls: 2n, last: 4 },
      ],
    ],
  );
  const [theirs] = dumped(attached);
  t.match(
    theirs?.formatted,
    { key: { cgroup_inode_id: Number(id) }, value: { calls: 2, last: 4 } },
    'as bpftool',
  );
  const values = (percpu.get(cgroup.folder) ?? []) as (typeof none)[];
  t.equal(values.length, percpu.cpus);
  t.equal(
    values.reduce((sum, value) => sum + value.calls, 0n),
    2n,
  );
  t.same([...percpu.keys()], [id]);
  attached.set(key, { calls: 40, who: 'set' }, 'exist');
  t.same(attached.get(key), { ...none, calls: 40n, who: 'set' });
  t.throws(() => attached.set({ ...key, attach_type: 0 }, {}), BpfError);
  t.throws(() => attached.get({ cgroup_inode_id: 1n } as never), {
    name: 'TypeError',
    message: /attach_type/,
  });
  t.throws(() => attached.get({ ...key, cgroup_inode_id: '/no/such' }), {
    name: 'TypeError',
    message: /ENOENT/,
  });
  t.throws(() => percpu.get(-1n), { name: 'TypeError', message: /inode number or the folder/ });

  const closed = once(datagram, 'close');
  datagram.close();
  client.destroy();
  server.close();
  await closed;
  t.throws(() => sockets.get(datagram), { name: 'TypeError', message: /no descriptor/ });
  t.throws(() => sockets.get(new Socket()), { name: 'TypeError', message: /no descriptor/ });
  t.throws(() => sockets.get({} as never), { name: 'TypeError', message: /sockets: key/ });
});
