/** Run by links-net.test.ts in a network namespace of its own. */
import t, { type Test } from 'tap';
import { BpfObject, type Link, listNetwork, queryNetkit, queryTcx } from '../src/programs/index.js';
import { run } from './live.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';
import { sendPackets, vethPair } from './veth.js';

const { receiver, sender } = vethPair();

function open(...programs: string[]): BpfObject {
  return BpfObject.open(fixture('test-links-net')).load({ programs });
}

/** Sends packets past an attached program, then detaches it and sends more; checks what it counted. */
async function sees(t: Test, object: BpfObject, attach: () => Link, send = sendPackets): Promise<void> {
  object.globals['packets'] = 0n;
  const link = attach();
  await send(3);
  t.equal(object.globals['packets'], 3n);
  link.close();
  await send(2);
  t.equal(object.globals['packets'], 3n, 'no more come');
}

for (const direction of ['ingress', 'egress'] as const)
  await sectionRow(t, [`tcx/${direction}`], async t => {
    const name = `on_tcx_${direction}`;
    using object = open(name);
    const program = object.program(name);
    const { id } = program.info();
    const place = direction === 'ingress' ? receiver : sender;
    await sees(t, object, () => {
      const link = program.attachTo({ kind: 'tcx', interface: place });
      t.match(link.info(), { typeName: 'tcx', progId: id });
      const { programs, revision } = queryTcx(place, direction);
      t.same(programs, [{ id, linkId: link.info().id }]);
      t.ok(revision > 0n);
      const shown = JSON.parse(run('bpftool', '-j', 'link', 'show', 'id', String(link.info().id)));
      t.equal(shown.prog_id, id, 'as bpftool sees it');
      return link;
    });
    t.same(queryTcx(place, direction).programs, []);
  });

t.test('the order of tcx programs, and what is refused', async t => {
  using object = open('on_tcx_ingress', 'other_tcx', 'on_tc');
  const first = object.program('on_tcx_ingress');
  const second = object.program('other_tcx');
  const third = object.program('on_tc');
  const tcx = { kind: 'tcx', interface: receiver } as const;
  const order = (): number[] => queryTcx(receiver, 'ingress').programs.map(({ id }) => id);
  const ids = [first, second, third].map(program => program.info().id);
  if (!first.kernel.has('tcx_link')) {
    t.throws(() => first.attachTo(tcx), /needs Linux 6.6|6\.6/);
    t.throws(() => queryTcx(receiver, 'ingress'), /needs Linux 6.6|6\.6/);
    return;
  }
  const link = first.attachTo(tcx);
  const { revision } = queryTcx(receiver, 'ingress');
  const before = second.attachTo({ ...tcx, before: link });
  t.same(order(), [ids[1], ids[0]]);
  await sendPackets(2);
  t.equal(object.globals['packets_before'], 1n, 'the other ran first');
  before.close();
  t.throws(() => second.attachTo({ ...tcx, expectedRevision: revision }), /ESTALE.*queryTcx/);
  const after = second.attachTo({ ...tcx, after: first });
  t.same(order(), [ids[0], ids[1]]);
  const middle = third.attachTo({ ...tcx, direction: 'ingress', before: { programId: ids[1]! } });
  t.same(order(), [ids[0], ids[2], ids[1]]);
  middle.close();
  const head = third.attachTo({ ...tcx, direction: 'ingress', before: 'all' });
  t.same(order(), [ids[2], ids[0], ids[1]]);
  head.close();
  t.throws(() => first.attachTo(tcx), /EEXIST/);
  t.throws(() => third.attachTo(tcx), /direction: must be 'ingress' or 'egress'/);
  t.throws(
    () => third.attachTo({ ...tcx, direction: 'ingress', after: { programId: 0x7ffffff0 } }),
    /ENOENT/,
  );
  t.throws(() => first.attachTo({ kind: 'tcx', interface: 4321 }), /ENODEV.*no interface 4321/);
  link.update(third);
  t.same(order(), [ids[2], ids[1]]);
  link.close();
  after.close();
  t.same(order(), []);
});

/** A netkit pair in this namespace, each side with an address in a subnet of its own; undefined where the kernel makes none. */
function makeNetkit(): boolean {
  try {
    run('ip', 'link', 'add', 'rawbpfnk', 'type', 'netkit');
  } catch (error) {
    t.comment(String(error));
    return false;
  }
  const peer = (JSON.parse(run('ip', '-j', 'link', 'show')) as { ifname: string }[])
    .map(({ ifname }) => ifname)
    .find(name => /^nk\d/.test(name));
  run('ip', 'addr', 'add', '10.98.0.1/24', 'dev', 'rawbpfnk');
  run('ip', 'addr', 'add', '10.97.0.1/24', 'dev', String(peer));
  for (const name of ['rawbpfnk', String(peer)]) run('ip', 'link', 'set', name, 'up');
  return true;
}
const hasNetkit = makeNetkit();

for (const side of ['primary', 'peer'] as const)
  await sectionRow(t, [`netkit/${side}`], async t => {
    const name = `on_netkit_${side}`;
    using object = open(name);
    const program = object.program(name);
    const { id } = program.info();
    const target = { kind: 'netkit', interface: hasNetkit ? 'rawbpfnk' : receiver } as const;
    const send = (count: number) => sendPackets(count, side === 'primary' ? '10.98.0.2' : '10.97.0.2');
    const attach = (): Link => {
      const link = program.attachTo(target);
      const linkId = link.info().id;
      t.same(queryNetkit('rawbpfnk', side).programs, [{ id, linkId }]);
      const [device] = listNetwork({ interface: 'rawbpfnk' }).interfaces;
      t.same(device?.device, [{ side: `netkit/${side}`, programId: id, linkId }]);
      t.match(link.info(), { typeName: 'netkit', progId: id });
      return link;
    };
    await sees(t, object, attach, send);
    t.same(queryNetkit('rawbpfnk', side).programs, []);
    t.throws(() => program.attachTo({ ...target, interface: receiver }), /ENXIO.*no netkit device/);
  });

interface ShownFilter {
  readonly kind: string;
  readonly pref: number;
  readonly options?: {
    readonly handle?: string;
    readonly bpf_name?: string;
    readonly prog?: { readonly id: number };
  };
}

function filters(place: string, direction: string): ShownFilter[] {
  const all = JSON.parse(run('tc', '-j', 'filter', 'show', 'dev', place, direction)) as ShownFilter[];
  return all.filter(filter => filter.options);
}

function qdiscs(place: string): string[] {
  const all = JSON.parse(run('tc', '-j', 'qdisc', 'show', 'dev', place)) as { kind: string }[];
  return all.map(({ kind }) => kind).filter(kind => kind !== 'noqueue');
}

for (const [section, name, direction] of [
  ['tc', 'on_tc', 'ingress'],
  ['classifier', 'on_classifier', 'egress'],
  ['tc/ingress', 'on_tc_ingress', undefined],
  ['tc/egress', 'on_tc_egress', undefined],
] as const)
  await sectionRow(t, [section], async t => {
    using object = open(name);
    const program = object.program(name);
    const way = direction ?? (section === 'tc/ingress' ? 'ingress' : 'egress');
    const place = way === 'ingress' ? receiver : sender;
    const target = { kind: 'tc', interface: place, ...(direction ? { direction } : {}) } as const;
    await sees(t, object, () => {
      const link = program.attachTo(target);
      t.same(qdiscs(place), ['clsact']);
      t.match(filters(place, way), [
        { kind: 'bpf', options: { bpf_name: name, prog: { id: program.info().id } } },
      ]);
      t.match(run('bpftool', 'net', 'show', 'dev', place), name);
      return link;
    });
    t.same(filters(place, way), []);
    t.same(qdiscs(place), []);
  });

await sectionRow(t, ['action'], async t => {
  using object = open('on_action');
  const program = object.program('on_action');
  const target = { kind: 'tc', interface: receiver, direction: 'ingress' } as const;
  try {
    await sees(t, object, () => {
      const link = program.attachTo(target);
      t.match(filters(receiver, 'ingress'), [{ kind: 'matchall' }]);
      t.match(run('tc', 'filter', 'show', 'dev', receiver, 'ingress'), 'on_action');
      return link;
    });
  } finally {
    t.same(qdiscs(receiver), [], 'nothing is left');
  }
});

t.test('tc filters among others', async t => {
  using object = open('on_tc', 'other_tc');
  const [first, second] = [object.program('on_tc'), object.program('other_tc')];
  const target = { kind: 'tc', interface: receiver, direction: 'ingress' } as const;
  const ids = (): unknown[] => filters(receiver, 'ingress').map(({ options }) => options?.prog?.id);
  const [one, two] = [first.info().id, second.info().id];

  const link = first.attachTo({ ...target, priority: 7, handle: 3 });
  t.match(filters(receiver, 'ingress'), [{ pref: 7, options: { handle: '0x3' } }]);
  t.throws(() => second.attachTo({ ...target, priority: 7, handle: 3 }), /netlink: EEXIST.*replace: true/);
  const before = second.attachTo(target);
  const newest = second.attachTo(target);
  t.same(ids(), [one, two, two]);
  t.same(
    filters(receiver, 'ingress').map(({ pref }) => pref),
    [7, 49151, 49152],
    'the newest comes first',
  );
  newest.close();
  link.close();
  t.same(ids(), [two], 'closing removes its own only');
  t.same(qdiscs(receiver), ['clsact']);
  before.update(first);
  t.same(ids(), [one]);
  await sendPackets(2);
  t.equal(object.globals['packets'], 2n);
  before.close();
  t.same(qdiscs(receiver), [], 'the qdisc goes with the last of our filters');

  run('tc', 'qdisc', 'add', 'dev', receiver, 'clsact');
  const guest = first.attachTo({ ...target, priority: 1, handle: 1 });
  const taker = second.attachTo({ ...target, priority: 1, handle: 1, replace: true });
  guest.close();
  t.same(ids(), [two], 'what another has taken stays');
  taker.close();
  t.same(ids(), []);
  t.same(qdiscs(receiver), ['clsact'], 'a qdisc that somebody else made stays');
  run('tc', 'qdisc', 'del', 'dev', receiver, 'clsact');

  run('tc', 'qdisc', 'add', 'dev', receiver, 'ingress');
  t.throws(
    () => first.attachTo({ ...target, direction: 'egress' }),
    /EEXIST.*qdisc ingress, whose filters see only/,
  );
  run('tc', 'qdisc', 'del', 'dev', receiver, 'ingress');
  t.throws(() => first.attachTo({ ...target, interface: 4321 }), /ENODEV/);
  t.throws(() => first.attachTo({ kind: 'tc', interface: receiver }), /direction: must be/);
  t.throws(() => first.attachTo({ ...target, priority: 0 }), /priority: must be/);
  t.throws(() => first.attachTo({ ...target, handle: -1 }), /handle: must be/);

  run('ip', 'link', 'add', 'rawbpf8', 'type', 'veth', 'peer', 'name', 'rawbpf9');
  const gone = first.attachTo({ ...target, interface: 'rawbpf8' });
  run('ip', 'link', 'del', 'rawbpf8');
  t.doesNotThrow(() => gone.close(), 'the interface took all of it along');
});
