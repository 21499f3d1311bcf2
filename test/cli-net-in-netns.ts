/** Run by cli-net.test.ts in a network namespace of its own. */
import t, { type Test } from 'tap';
import { attachProgram, detachProgram } from '../src/cli/commands/net/attach.js';
import { listNet } from '../src/cli/commands/net/list.js';
import { BpfObject, queryTcx, tcxAttach, tcxDetach } from '../src/programs/index.js';
import { rawbpf } from './cli-process.js';
import { run } from './live.js';
import { fixture } from './repository.js';
import { vethPair } from './veth.js';

// Processes start slowly on a busy machine.
t.setTimeout(120_000);

const commands = { attach: attachProgram, detach: detachProgram };
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
  const found = ours(t);
  // Links of netfilter are those of all namespaces.
  t.same(found, { ...theirs(), flow_dissector: [], netfilter: found.netfilter, sk_lookup: [] });
  t.same(found.xdp, []);
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
  ] as const)
    await t.rejects(listNet(args, {}), message);
});

t.test('programs are attached and detached, and stay when the command has ended', async t => {
  using object = BpfObject.open(fixture('test-links-net'));
  object.load({ programs: ['on_xdp', 'other_xdp', 'on_tc', 'other_tc'] });
  const id = (name: string): number => object.program(name).info().id;
  const done = (...args: string[]) =>
    t.same(rawbpf('net', ...args, 'dev', receiver), { status: 0, stdout: '', stderr: '' }, args.join(' '));
  const refused = (message: RegExp, command: 'attach' | 'detach', type: string, ...args: string[]) =>
    t.throws(() => commands[command](type, args), { code: /^ERR_RAWBPF/, message });

  done('attach', 'xdpgeneric', 'id', String(id('on_xdp')));
  t.match(theirs('dev', receiver).xdp, [{ mode: 'generic', id: id('on_xdp') }]);
  const other = ['xdpgeneric', 'id', String(id('other_xdp')), 'dev', receiver] as const;
  refused(/EBUSY.*the kernel says: XDP program already attached/, 'attach', ...other);
  t.same(rawbpf('net', 'attach', ...other, 'overwrite'), { status: 0, stdout: '', stderr: '' });
  t.match(theirs('dev', receiver).xdp, [{ mode: 'generic', id: id('other_xdp') }]);
  const nothing = rawbpf('net', 'detach', 'xdpdrv', 'dev', receiver);
  t.equal(nothing.status, 0, 'as bpftool');
  t.match(nothing.stderr, /xdpdrv: no such program is attached/);
  done('detach', 'xdp');
  t.same(theirs('dev', receiver).xdp, []);
  const link = object.program('on_xdp').attachTo({ kind: 'xdp', interface: receiver });
  refused(/EBUSY.*a link holds the program/, 'detach', 'xdpdrv', 'dev', receiver);
  link.close();

  const tcx = (): number[] => queryTcx(receiver, 'ingress').programs.map(program => program.id);
  done('attach', 'tcx_ingress', 'id', String(id('on_tc')));
  const before = ['attach', 'tcx_ingress', String(id('other_tc')), 'dev', receiver, 'prepend'];
  t.same(rawbpf('net', ...before), { status: 0, stdout: '', stderr: '' });
  t.same(tcx(), [id('other_tc'), id('on_tc')]);
  t.throws(
    () => tcxAttach(object.program('on_tc'), { interface: receiver, direction: 'ingress' }),
    /EEXIST.*attached there already/,
  );
  tcxDetach({ interface: receiver, direction: 'ingress', program: object.program('other_tc') });
  t.same(tcx(), [id('on_tc')]);
  done('detach', 'tcx_ingress');
  t.same(tcx(), []);
  refused(/ENOENT.*without a link/, 'detach', 'tcx_ingress', 'dev', receiver);

  refused(/attach type wire: there is xdp, /, 'attach', 'wire', '7', 'dev', receiver);
  refused(/dev NAME is missing/, 'attach', 'xdp', String(id('on_xdp')));
  refused(/prepend: not expected here/, 'attach', 'xdp', String(id('on_xdp')), 'dev', receiver, 'prepend');
  refused(/EINVAL/, 'attach', 'xdpgeneric', String(id('on_tc')), 'dev', receiver);
});
