import { readlinkSync } from 'node:fs';
import t, { type Test } from 'tap';
import { BpfObject } from '../src/index.js';
import { needs, run, which } from './live.js';
import { type PerlChild, perlChild } from './perl-child.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';

interface Namespace {
  /** File of the network namespace. */
  readonly path: string;
  readonly child: PerlChild;
}

/** A network namespace with a loopback interface, for as long as the test runs. */
async function namespace(t: Test): Promise<Namespace> {
  const child = await perlChild(
    t,
    'exec unshare --net sh -c \'ip link set lo up && exec "$@"\' sh "$@";',
    'sh',
  );
  return { path: `/proc/${child.pid}/ns/net`, child };
}

const tools = ['unshare', 'ip', 'perl'];
const datagram =
  "socket(my $s, AF_INET, SOCK_DGRAM, 0); send($s, 'x', 0, pack_sockaddr_in(9, INADDR_LOOPBACK)) or die $!";
/** A packet of a packet socket, in which the kernel looks for its transport header; 1 is the loopback interface. */
const rawPacket = `
socket(my $s, 17, SOCK_RAW, 0) or die $!;
my $packet = pack('x12 n C C n x4 C C n a4 a4 n n n n', 0x800, 0x45, 0, 28, 64, 17, 0, "\\x7f\\0\\0\\1", "\\x7f\\0\\0\\1", 9, 9, 8, 0);
send($s, $packet, 0, pack('S n l S C C a8', 17, 0x800, 1, 0, 0, 6, '')) or die $!;
`;

for (const [section, name, script] of [
  ['sk_lookup', 'lookup', datagram],
  ['flow_dissector', 'dissect', rawPacket],
] as const)
  sectionRow(t, [section], async t => {
    if (!needs(t, { tools })) return;
    using object = BpfObject.open(fixture('test-links-sockets')).load({ programs: [name] });
    const other = await namespace(t);
    const runs = async (): Promise<bigint> => {
      const before = object.globals['runs'] as bigint;
      await other.child.run(script);
      return (object.globals['runs'] as bigint) - before;
    };
    t.equal(await runs(), 0n);
    const program = object.program(name);
    const link = program.attachTo({ kind: 'netns', netns: other.path });
    t.equal(link.isBpfLink, true);
    t.ok((await runs()) > 0n);
    const inode = Number(/\d+/.exec(readlinkSync(other.path))?.[0]);
    t.match(link.info(), { typeName: 'netns', netnsIno: inode, progId: program.info().id });
    if (which('bpftool')) {
      const shown = JSON.parse(run('bpftool', 'link', 'show', 'id', String(link.info().id), '-j'));
      t.match(shown, {
        type: 'netns',
        netns_ino: inode,
        attach_type: name === 'lookup' ? 'sk_lookup' : 'flow_dissector',
      });
    }
    link.close();
    t.equal(await runs(), 0n);
  });

t.test('what network namespaces refuse', async t => {
  if (!needs(t, { bpf: true, tools })) return;
  using object = BpfObject.open(fixture('test-links-sockets')).load({ programs: ['dissect', 'filter'] });
  const other = await namespace(t);
  const program = object.program('dissect');
  const here = { kind: 'netns', netns: other.path } as const;
  t.throws(() => program.attachTo({ kind: 'netns', netns: '/run/netns/rawbpf-none' }), {
    errnoName: 'ENOENT',
    message: /rawbpf-none: open: .*PID/,
  });
  t.throws(() => program.attachTo({ kind: 'netns', netns: '/proc/self/status' }), {
    message: /is no network namespace/,
  });
  t.throws(() => object.program('filter').attachTo(here), {
    name: 'TypeError',
    message: /sk_lookup and flow_dissector/,
  });
  const link = program.attachTo(here);
  t.throws(() => program.attachTo(here), { errnoName: 'E2BIG', message: /has a flow dissector already/ });
  link.close();
  program.attachTo(here).close();
});
