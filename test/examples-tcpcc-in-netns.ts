/** Run by examples-bcc-tools.test.ts in a network namespace of its own. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import t from 'tap';
import { liveSys } from '../src/index.js';
import { attachedExample } from './attached-example.js';
import { run } from './live.js';

/** `IPPROTO_TCP` and an option of it. */
const tcp = 6;
const TCP_CONGESTION = 13;
const size = 4 << 20;

/** Sends some megabytes through a connection of this machine with itself; false when the kernel has no congestion control of this name. */
async function sendBy(congestion: string): Promise<boolean> {
  const server = createServer(socket => socket.resume().on('end', () => socket.end()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const { fd } = (socket as Socket & { _handle: { fd: number } })._handle;
  const found = liveSys().setsockopt(fd, tcp, TCP_CONGESTION, new TextEncoder().encode(congestion)) === 0;
  socket.resume().end(Buffer.alloc(size));
  await once(socket, 'close');
  server.close();
  return found;
}

t.test('connections that choose it use it', async t => {
  run('ip', 'link', 'set', 'lo', 'up');
  t.notOk(await sendBy('rawbpf_simple'), 'not there before');
  const example = await attachedExample(t, 'tcpcc');
  t.ok(await sendBy('rawbpf_simple'));
  const used = /^1 connections, [1-9]\d* acks, \d+ losses, window up to [1-9]\d+$/m;
  await example.until(({ stdout }) => used.test(stdout));
  t.match(await example.end(), /^available: .*\brawbpf_simple\b/);
  t.notOk(await sendBy('rawbpf_simple'), 'not there any more');
});
