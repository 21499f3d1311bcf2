import { spawnSync } from 'node:child_process';
import { createSocket, type Socket as Datagram } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import t, { type Test } from 'tap';
import { BpfObject } from '../src/index.js';
import { ReuseportSockArray } from '../src/maps/index.js';
import { Errno, liveSys, SO_DETACH_BPF, SOCK_CLOEXEC, SOL_SOCKET } from '../src/syscall/index.js';
import { needs } from './live.js';
import { ownCgroup } from './own-cgroup.js';
import { perlChild } from './perl-child.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';

const load = (...programs: string[]): BpfObject =>
  BpfObject.open(fixture('test-links-sockets')).load({ programs });
const loopback = '127.0.0.1';

async function receiver(t: Test): Promise<Datagram> {
  const socket = createSocket('udp4').bind(0, loopback);
  t.teardown(() => new Promise<void>(resolve => socket.close(resolve)));
  await once(socket, 'listening');
  return socket;
}

/** Sends the socket a datagram, and waits until it came. */
async function sendTo(socket: Datagram): Promise<void> {
  const came = once(socket, 'message');
  const sender = createSocket('udp4');
  sender.send('x', socket.address().port, loopback);
  await came;
  sender.close();
}

sectionRow(t, ['socket'], async t => {
  using object = load('filter');
  const socket = await receiver(t);
  const runs = async (): Promise<bigint> => {
    const before = object.globals['runs'] as bigint;
    await sendTo(socket);
    return (object.globals['runs'] as bigint) - before;
  };
  t.equal(await runs(), 0n);
  const link = object.program('filter').attachTo({ kind: 'socket', socket });
  t.equal(link.isBpfLink, false);
  t.match(link.target, /^socket:\[\d+\]$/);
  t.equal(await runs(), 1n);
  link.close();
  t.equal(await runs(), 0n);
});

const AF_INET = 2;
const SOCK_STREAM = 1;
const SO_REUSEPORT = 15;

/** A server on any port, which others may share. */
async function sharing(t: Test): Promise<Server> {
  const sys = liveSys();
  const fd = sys.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sys.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, Uint8Array.of(1, 0, 0, 0));
  const server = createServer().listen({ fd });
  t.teardown(() => server.close());
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Connects to a port and leaves again, in another process, so that this one accepts nothing meanwhile. */
function connectTo(port: number): void {
  const script =
    'socket(my $s, AF_INET, SOCK_STREAM, 0); connect($s, pack_sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die $!';
  const { status, stderr } = spawnSync('perl', ['-MSocket', '-e', script, String(port)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`perl: ${stderr}`);
}

sectionRow(t, ['sk_reuseport'], async t => {
  if (!needs(t, { tools: ['perl'] })) return;
  using object = load('select');
  const server = await sharing(t);
  const child = await perlChild(t, '', 'sh');
  const runs = async (): Promise<bigint> => {
    const before = object.globals['runs'] as bigint;
    await child.run(
      `ok(connect(sock(AF_INET, SOCK_STREAM), pack_sockaddr_in(${portOf(server)}, INADDR_LOOPBACK)), 'connect')`,
    );
    return (object.globals['runs'] as bigint) - before;
  };
  t.equal(await runs(), 0n);
  const link = object.program('select').attachTo({ kind: 'socket', socket: server });
  t.ok((await runs()) > 0n);
  link.close();
  t.equal(await runs(), 0n);
});

sectionRow(t, ['sk_reuseport/migrate'], async t => {
  if (!needs(t, { tools: ['perl'] })) return;
  using chooser = load('choose');
  const alone = await sharing(t);
  chooser.program('choose').attachTo({ kind: 'socket', socket: alone }).close();
  using object = load('migrate', 'share');
  const cgroup = ownCgroup(t);
  using sharer = object.program('share').attachTo({ kind: 'cgroup', cgroup: cgroup.folder });
  void sharer;
  const listen = async (port: number): Promise<Server> => {
    const server = createServer().listen(port, loopback);
    t.teardown(() => server.close());
    await once(server, 'listening');
    return server;
  };
  const leave = cgroup.enter();
  const first = await listen(0);
  const second = await listen(portOf(first));
  leave();
  object.map('listeners', ReuseportSockArray).set(0, first);
  const link = object.program('migrate').attachTo({ kind: 'socket', socket: first });
  connectTo(portOf(second));
  t.equal(object.globals['runs'], 1n, 'chose the first');
  t.equal(object.globals['migrations'], 0n);
  const accepted = once(second, 'connection');
  first.close();
  t.equal(object.globals['migrations'], 1n, 'chose for the connection of a listener that was closed');
  await accepted;
  link.close();
});

const SO_LOCK_FILTER = 44;

t.test('what sockets refuse', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = load('filter', 'select', 'msg');
  const filter = object.program('filter');
  const socket = await receiver(t);
  t.throws(() => object.program('msg').attachTo({ kind: 'socket', socket }), {
    errnoName: 'EINVAL',
    message: /a sk_msg program does not run at a socket/,
  });
  t.throws(() => object.program('select').attachTo({ kind: 'socket', socket }), {
    errnoName: 'EINVAL',
    message: /does not share its port.*SO_REUSEPORT/,
  });
  t.throws(() => filter.attachTo({ kind: 'socket', socket: 9999 }), {
    errnoName: 'EBADF',
    message: /no open file/,
  });
  const file = openSync('/dev/null', 'r');
  t.throws(() => filter.attachTo({ kind: 'socket', socket: file }), { message: /ENOTSOCK.*is no socket/ });
  closeSync(file);
  t.throws(() => filter.attachTo({ kind: 'socket', socket: createSocket('udp4') }), { name: 'TypeError' });
  const sys = liveSys();
  const fd = sys.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sys.setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, Uint8Array.of(1, 0, 0, 0));
  t.throws(() => filter.attachTo({ kind: 'socket', socket: fd }), {
    errnoName: 'EPERM',
    message: /SO_LOCK_FILTER/,
  });
  sys.close(fd);
});

t.test('a socket that is closed before its link', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = load('filter');
  const filter = object.program('filter');
  const sys = liveSys();
  const make = () => sys.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const first = make();
  const link = filter.attachTo({ kind: 'socket', socket: first });
  sys.close(first);
  const second = make();
  t.equal(second, first, 'another socket has its number');
  const other = filter.attachTo({ kind: 'socket', socket: second });
  link.close();
  const none = new Uint8Array(4);
  t.equal(sys.setsockopt(second, SOL_SOCKET, SO_DETACH_BPF, none), 0, 'which kept its own program');
  t.equal(sys.setsockopt(second, SOL_SOCKET, SO_DETACH_BPF, none), -Errno.ENOENT);
  other.close();
  sys.close(second);
});
