import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { needs } from './live.js';

/** Opens an AF_XDP socket, which Node cannot, for the program that follows. */
const withXdpSocket = `
import os, socket, sys
xsk = socket.socket(44, socket.SOCK_RAW)
os.set_inheritable(xsk.fileno(), True)
os.environ['XSK_FD'] = str(xsk.fileno())
os.execvp(sys.argv[1], sys.argv[1:])
`;

t.test('maps of devices, CPUs and AF_XDP sockets, in a network namespace of their own', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'unshare', 'ip', 'python3'] })) return;
  const self = fileURLToPath(import.meta.url);
  const child = join(dirname(self), `map-redirect-in-netns${extname(self)}`);
  const node = [process.execPath, ...process.execArgv, child];
  await t.spawn('unshare', ['--net', 'python3', '-c', withXdpSocket, ...node], 'in the namespace');
});
