import { spawnSync } from 'node:child_process';
import { createSocket, type Socket as Datagram } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfAttachType } from '../src/abi/index.js';
import { ReuseportSockArray, SockHash, SockMap } from '../src/maps/index.js';
import { socketFd } from '../src/maps/kinds/socket-fd.js';
import { BpfObject } from '../src/programs/index.js';
import { dumped, hexWord64 } from './dumped.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { enterTestCgroup } from './test-cgroup.js';
import { testRunPacket } from './test-run.js';

const open = (): BpfObject => BpfObject.open(fixture('test-map-net')).load();

/** Both ends of a connection on this machine. */
async function connection(
  t: Test,
): Promise<{ client: Socket; port: number; server: ReturnType<typeof createServer> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[peer]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  t.teardown(() => {
    client.destroy();
    (peer as Socket).destroy();
    server.close();
  });
  return { client, server, port: client.localPort as number };
}

/** Cookies of TCP sockets by their local port, as ss prints them. */
function cookies(port: number): readonly bigint[] {
  const lines = run('ss', '--tcp', '--all', '--numeric', '--extended', '--no-header', `sport = :${port}`);
  return [...lines.matchAll(/\bsk:([0-9a-f]+)/g)].map(([, hex]) => BigInt(`0x${hex}`));
}

t.test('sockets by index', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'ss'] })) return;
  using object = open();
  const map = object.map('sockets', SockMap);
  const { client, server, port } = await connection(t);
  t.same([...map], []);
  map.set(0, client).set(2, server);
  object.globals['wanted'] = 0;
  t.equal(testRunPacket(object.program('socket_port')), port);
  t.same([map.get(0)], cookies(port), 'the cookie that ss prints');
  t.equal(map.get(1), undefined);
  t.same(
    [...map].map(([index]) => index),
    [0, 2],
  );
  t.equal(hexWord64(dumped(map)[0]?.value), map.get(0), 'as bpftool');
  t.equal(map.delete(0), true);
  t.equal(map.delete(0), false);
  t.equal(testRunPacket(object.program('socket_port')), 0);
  const path = join(t.testdir(), 'socket');
  const unix = createServer().listen(path);
  await once(unix, 'listening');
  t.throws(() => map.set(0, unix), { errnoName: 'EOPNOTSUPP', message: /Unix sockets that are connected/ });
  unix.close();
  t.throws(() => map.set(0, unix), { name: 'TypeError', message: /sockets: value: .*no descriptor/ });
  t.throws(() => map.set(4, client), /E2BIG/);
  t.throws(() => map.set(0, map.fd), /ENOTSOCK/);
  t.throws(() => map.set(0, {} as never), { name: 'TypeError' });
  const narrow = object.map('narrow_sockets', SockMap);
  narrow.set(1, client);
  t.throws(() => narrow.get(1), { errnoName: 'ENOSPC', message: /values of __u64/ });
  t.equal(narrow.delete(1), true);
});

t.test('sockets by key', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'ss'] })) return;
  using object = open();
  const map = object.map('socket_hash', SockHash);
  const { client, port } = await connection(t);
  const key = { from: 5, to: 80 };
  map.set(key, client, 'noExist');
  t.throws(() => map.set(key, client, 'noExist'), /EEXIST/);
  t.same([...map], [[key, cookies(port)[0]]]);
  object.globals['wanted'] = 5;
  t.equal(testRunPacket(object.program('hashed_socket_port')), port);
  t.throws(() => map.set({ from: 'x' } as never, client), { name: 'TypeError', message: /from/ });
  t.equal(map.delete(key), true);
  t.equal(map.delete(key), false);
  t.same([...map], []);
});

/** Attaches a sk_reuseport program, SO_ATTACH_REUSEPORT_EBPF, which Node cannot. */
const attachReuseport = `
import socket, struct
socket.socket(fileno=3).setsockopt(socket.SOL_SOCKET, 52, struct.pack('i', 4))
`;

t.test('sockets that share a port', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'python3'] })) return;
  using object = open();
  const map = object.map('sharers', ReuseportSockArray);
  const sockets: Datagram[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.close();
  });
  const bound = async (port: number): Promise<Datagram> => {
    const socket = createSocket('udp4').bind(port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'listening');
    return socket;
  };
  const alone = await bound(0);
  t.throws(() => map.set(0, alone), { errnoName: 'EINVAL', message: /SO_REUSEPORT set before it was bound/ });
  {
    using _cgroup = enterTestCgroup(object.program('share'), BpfAttachType.BPF_CGROUP_INET4_BIND);
    const first = await bound(0);
    const { port } = first.address();
    const second = await bound(port);
    map.set(0, first).set(3, second);
    t.throws(() => map.set(1, first), { errnoName: 'EBUSY', message: /already/ });
    t.same(
      [...map].map(([index]) => index),
      [0, 3],
    );
    const theirs = dumped(map).filter(({ value }) => Array.isArray(value));
    t.same(
      theirs.map(({ value }) => hexWord64(value)),
      [...map].map(([, cookie]) => cookie),
      'as bpftool',
    );
    const { status, stderr } = spawnSync('python3', ['-c', attachReuseport], {
      stdio: ['ignore', 'ignore', 'pipe', socketFd(first, 'first'), object.program('take').fd],
    });
    t.equal(status, 0, String(stderr));
    for (const [index, socket] of [
      [0, first],
      [3, second],
      [0, first],
    ] as const) {
      object.globals['wanted'] = index;
      const message = once(socket, 'message');
      alone.send(`to ${index}`, port, '127.0.0.1');
      t.equal(String((await message)[0]), `to ${index}`, 'the program takes it');
    }
    t.equal(map.delete(0), true);
    t.equal(map.delete(0), false);
    t.throws(() => map.set(4, first), /E2BIG/);
  }
});
