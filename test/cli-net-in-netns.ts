/** Run by cli-net.test.ts in a network namespace of its own. */
import t, { type Test } from 'tap';
import { BpfObject } from '../src/programs/index.js';
import { rawbpf } from './cli-process.js';
import { run } from './live.js';
import { fixture } from './repository.js';
import { vethPair } from './veth.js';

const { receiver, receiverIndex, sender } = vethPair();

interface Net {
  readonly xdp: readonly object[];
  readonly tc: readonly { readonly kind: string }[];
  readonly flow_dissector: readonly object[];
  readonly netfilter: readonly object[];
  readonly sk_lookup: readonly object[];
}

function ours(t: Test, ...args: string[]): Net {
  const { status, stdout, stderr } = rawbpf('net', 'list', ...args, '--json');
  t.same([status, stderr], [0, '']);
  const [net, ...others] = JSON.parse(stdout) as Net[];
  t.same(others, []);
  return net as Net;
}

/** By bpftool 7.1, which knows neither tcx nor netfilter. */
const theirs = (...args: string[]): Pick<Net, 'xdp' | 'tc'> =>
  (JSON.parse(run('bpftool', '-j', 'net', 'list', ...args)) as [Net])[0];

t.test('nothing is attached', async t => {
  t.same(ours(t), { ...theirs(), flow_dissector: [], netfilter: ours(t).netfilter, sk_lookup: [] });
  t.same(ours(t).xdp, []);
});

t.test('XDP and filters are listed as bpftool lists them', async t => {
  using object = BpfObject.open(fixture('test-links-net'));
  object.load({ programs: ['on_xdp', 'on_tc'] });
  const id = (name: string): number => object.program(name).info().id;
  object.program('on_xdp').attachTo({ kind: 'xdp', interface: receiver, mode: 'generic' });
  object.program('on_xdp').attachTo({ kind: 'xdp', interface: sender });
  object.program('on_tc').attachTo({ kind: 'tc', interface: receiver, direction: 'ingress' });
  object.program('on_tc').attachTo({ kind: 'tc', interface: receiver, direction: 'egress' });
  run('tc', 'qdisc', 'add', 'dev', sender, 'root', 'handle', '5:', 'htb');
  t.teardown(() => run('tc', 'qdisc', 'del', 'dev', sender, 'root'));

  const found = ours(t);
  t.match(found.xdp, [
    { devname: receiver, ifindex: receiverIndex, mode: 'generic', id: id('on_xdp') },
    { mode: 'driver' },
  ]);
  t.same(
    found.tc.map(({ kind }) => kind),
    ['clsact/ingress', 'clsact/egress'],
  );
  const { xdp, tc } = theirs();
  t.same({ xdp: found.xdp, tc: found.tc }, { xdp, tc });
  const one = ours(t, 'dev', receiver);
  t.same({ xdp: one.xdp, tc: one.tc }, { xdp: theirs('dev', receiver).xdp, tc: theirs('dev', receiver).tc });
  t.equal(one.xdp.length, 1);
  const lines = (text: string): string[] =>
    text
      .split('\n')
      .map(line => line.trim())
      .filter(line => line.startsWith('rawbpf'));
  t.same(lines(rawbpf('net', 'list').stdout), lines(run('bpftool', 'net', 'list')), 'and the text');
});

t.test('tcx, netfilter and the namespace are listed, too', async t => {
  using object = BpfObject.open(fixture('test-links-net'));
  object.load({ programs: ['on_tcx_ingress', 'on_tc', 'on_netfilter'] });
  using sockets = BpfObject.open(fixture('test-links-sockets'));
  sockets.load({ programs: ['lookup', 'dissect'] });
  const id = (name: string): number => (name in object.programs ? object : sockets).program(name).info().id;
  const first = object.program('on_tcx_ingress').attachTo({ kind: 'tcx', interface: receiver });
  object.program('on_tc').attachTo({ kind: 'tcx', interface: receiver, direction: 'egress' });
  object.program('on_netfilter').attachTo({ kind: 'netfilter', hook: 'local_out', priority: -10 });
  sockets.program('lookup').attachTo({ kind: 'netns' });
  sockets.program('dissect').attachTo({ kind: 'netns' });

  const found = ours(t);
  const devname = receiver;
  const flags = { prog_flags: [], link_flags: [] };
  t.match(found.tc, [
    {
      devname,
      kind: 'tcx/ingress',
      name: 'on_tcx_ingress',
      prog_id: id('on_tcx_ingress'),
      link_id: first.info().id,
      ...flags,
    },
    { devname, kind: 'tcx/egress', name: 'on_tc', prog_id: id('on_tc'), ...flags },
  ]);
  const [netfilter] = found.netfilter.filter(link => 'id' in link && link.id === id('on_netfilter'));
  t.same(netfilter, { pf: 2, hook: 3, prio: -10, flags: 0, id: id('on_netfilter') });
  t.same(found.flow_dissector, [{ id: id('dissect') }]);
  t.same(found.sk_lookup, [{ id: id('lookup') }]);
  // bpftool's JSON of it is none: a field in an array.
  t.match(run('bpftool', 'net', 'list'), `flow_dissector:\nid ${id('dissect')}\n`);
  const text = rawbpf('net', 'list').stdout;
  for (const line of [
    `${devname}(${receiverIndex}) tcx/ingress on_tcx_ingress prog_id ${id('on_tcx_ingress')} link_id ${first.info().id}`,
    `flow_dissector:\nid ${id('dissect')}\n`,
    `ip output prio -10 prog_id ${id('on_netfilter')}\n`,
    `sk_lookup:\nid ${id('lookup')}\n`,
  ])
    t.match(text, line);
});

t.test('what is asked for wrongly', async t => {
  for (const [args, message] of [
    [['dev', 'rawbpf9'], /ENODEV.*no interface rawbpf9/],
    [['dev'], /the name of the interface is missing/],
    [['rawbpf0'], /rawbpf0: not expected here/],
  ] as const) {
    const { status, stdout, stderr } = rawbpf('net', 'list', ...args);
    t.same([status, stdout], [1, '']);
    t.match(stderr, message);
  }
});
