import t from 'tap';
import { BpfObject } from '../src/index.js';
import { needs } from './live.js';
import { ownCgroup } from './own-cgroup.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';

const load = (...programs: string[]): BpfObject =>
  BpfObject.open(fixture('test-links-cgroup')).load({ programs });

const udp4 = 'my $s = at(AF_INET, SOCK_DGRAM, $in4);';
const udp6 = 'my $s = at(AF_INET6, SOCK_DGRAM, $in6);';
const unix =
  'my $s = at(AF_UNIX, SOCK_DGRAM, pack_sockaddr_un($path)); my $c = at(AF_UNIX, SOCK_DGRAM, pack_sockaddr_un("$path-c"));';
const toSelf = "ok(defined send($s, 'x', 0, getsockname($s)), 'send');";
const toUnix = "ok(defined send($c, 'x', 0, pack_sockaddr_un($path)), 'send');";
const connected = "ok(connect($s, getsockname($s)), 'connect');";
const receive = "ok(defined recv($s, my $data, 9, 0), 'recv');";

/** The program of each section, and what a process in the cgroup does to make it run. */
const rows: readonly (readonly [section: string, program: string, script: string])[] = [
  ['cgroup_skb/ingress', 'ingress', udp4 + toSelf + receive],
  ['cgroup_skb/egress', 'egress', udp4 + toSelf],
  ['cgroup/skb', 'skb', udp4 + toSelf],
  ['cgroup/sock', 'sock', 'sock(AF_INET, SOCK_DGRAM);'],
  ['cgroup/sock_create', 'sock_create', 'sock(AF_INET6, SOCK_STREAM);'],
  ['cgroup/sock_release', 'sock_release', 'close(sock(AF_INET, SOCK_DGRAM));'],
  ['cgroup/post_bind4', 'post_bind4', udp4],
  ['cgroup/post_bind6', 'post_bind6', udp6],
  ['cgroup/bind4', 'bind4', udp4],
  ['cgroup/bind6', 'bind6', udp6],
  ['cgroup/connect4', 'connect4', udp4 + connected],
  ['cgroup/connect6', 'connect6', udp6 + connected],
  ['cgroup/connect_unix', 'connect_unix', `${unix} ok(connect($c, pack_sockaddr_un($path)), 'connect');`],
  ['cgroup/sendmsg4', 'sendmsg4', udp4 + toSelf],
  ['cgroup/sendmsg6', 'sendmsg6', udp6 + toSelf],
  ['cgroup/sendmsg_unix', 'sendmsg_unix', unix + toUnix],
  ['cgroup/recvmsg4', 'recvmsg4', udp4 + toSelf + receive],
  ['cgroup/recvmsg6', 'recvmsg6', udp6 + toSelf + receive],
  ['cgroup/recvmsg_unix', 'recvmsg_unix', unix + toUnix + receive],
  ['cgroup/getpeername4', 'getpeername4', `${udp4 + connected}ok(getpeername($s), 'getpeername');`],
  ['cgroup/getpeername6', 'getpeername6', `${udp6 + connected}ok(getpeername($s), 'getpeername');`],
  [
    'cgroup/getpeername_unix',
    'getpeername_unix',
    `${unix} connect($c, pack_sockaddr_un($path)); ok(getpeername($c), 'getpeername');`,
  ],
  ['cgroup/getsockname4', 'getsockname4', `${udp4}ok(getsockname($s), 'getsockname');`],
  ['cgroup/getsockname6', 'getsockname6', `${udp6}ok(getsockname($s), 'getsockname');`],
  ['cgroup/getsockname_unix', 'getsockname_unix', `${unix}ok(getsockname($s), 'getsockname');`],
  ['cgroup/sysctl', 'sysctl', "ok(open(my $f, '<', '/proc/sys/kernel/ostype'), 'open'); <$f>;"],
  ['cgroup/getsockopt', 'getsockopt', `${udp4}ok(getsockopt($s, SOL_SOCKET, SO_RCVBUF), 'getsockopt');`],
  [
    'cgroup/setsockopt',
    'setsockopt',
    `${udp4}ok(setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1), 'setsockopt');`,
  ],
  ['cgroup/dev', 'dev', "ok(open(my $f, '<', '/dev/zero'), 'open');"],
  [
    'sockops',
    'sockops',
    "my $s = at(AF_INET, SOCK_STREAM, $in4); ok(listen($s, 1), 'listen'); ok(connect(sock(AF_INET, SOCK_STREAM), getsockname($s)), 'connect');",
  ],
  ['lsm_cgroup', 'socket_bind', udp4],
];

t.test('every hook', async t => {
  if (!needs(t, { bpf: true, tools: ['perl'] })) return;
  const cgroup = ownCgroup(t);
  const child = await cgroup.perl();
  for (const [section, name, script] of rows)
    await sectionRow(t, [section], async t => {
      using object = load(name);
      const program = object.program(name);
      const runs = async (): Promise<bigint> => {
        const before = object.globals['runs'] as bigint;
        await child.run(script);
        return (object.globals['runs'] as bigint) - before;
      };
      t.equal(await runs(), 0n, 'does not run before it is attached');
      const link = program.attachTo({
        kind: 'cgroup',
        cgroup: cgroup.folder,
        ...(name === 'skb' ? { direction: 'egress' } : {}),
      });
      t.equal(link.isBpfLink, true);
      t.ok((await runs()) > 0n, 'runs when it is attached');
      link.close();
      t.equal(await runs(), 0n, 'does not run any more');
    });
});
