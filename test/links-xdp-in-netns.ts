/** Run by links-net.test.ts in a network namespace of its own. */
import t, { type Test } from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import { features } from '../src/kernel/features.js';
import { Kernel } from '../src/kernel/index.js';
import { CpuMap, DevMap } from '../src/maps/index.js';
import { BpfObject, queryXdp } from '../src/programs/index.js';
import { Errno, liveSys, type Sys } from '../src/syscall/index.js';
import { run } from './live.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';
import { sendPackets, vethPair } from './veth.js';

const { receiver, receiverIndex, sender } = vethPair();

function open(...programs: string[]): BpfObject {
  return BpfObject.open(fixture('test-links-net')).load({ programs });
}

/** What `ip` says of the receiver's XDP. */
function shown(): { readonly mode?: number; readonly prog?: { readonly id: number } } | undefined {
  const [link] = JSON.parse(run('ip', '-j', '-d', 'link', 'show', receiver)) as [{ xdp?: object }];
  return link.xdp;
}

async function until(t: Test, packets: () => bigint, wanted: bigint): Promise<void> {
  for (let tries = 0; packets() < wanted && tries < 200; tries++)
    await new Promise(resolve => setTimeout(resolve, 10));
  t.equal(packets(), wanted);
}

for (const [section, name] of [
  ['xdp', 'on_xdp'],
  ['xdp.frags', 'on_xdp_frags'],
] as const)
  await sectionRow(t, [section], async t => {
    using object = open(name);
    const packets = (): bigint => object.globals['packets'] as bigint;
    const program = object.program(name);
    for (const mode of ['native', 'generic', undefined] as const) {
      object.globals['packets'] = 0n;
      const link = program.attachTo({ kind: 'xdp', interface: receiver, ...(mode ? { mode } : {}) });
      t.ok(link.isBpfLink);
      t.match(link.info(), { typeName: 'xdp', ifindex: receiverIndex });
      t.same(queryXdp(receiver), { [mode ?? 'native']: program.info().id });
      t.match(shown(), { mode: mode === 'generic' ? 2 : 1, prog: { id: program.info().id } });
      await sendPackets(3);
      await until(t, packets, 3n);
      link.close();
      t.same(queryXdp(receiverIndex), {});
      t.equal(shown(), undefined);
      await sendPackets(2);
      await new Promise(resolve => setTimeout(resolve, 20));
      t.equal(packets(), 3n, 'no more come');
    }
  });

for (const frags of ['', '.frags'] as const) {
  const suffix = frags.replace('.', '_');
  for (const [map, kind, redirect] of [
    ['devices', 'devmap', 'to_device'],
    ['cpus', 'cpumap', 'to_cpu'],
  ] as const)
    await sectionRow(t, [`xdp${frags}/${kind}`], async t => {
      using object = open(`on_${kind}${suffix}`, redirect + suffix);
      const packets = (): bigint => object.globals['packets'] as bigint;
      const program = object.program(`on_${kind}${suffix}`);
      t.throws(
        () => program.attachTo({ kind: 'xdp', interface: receiver }),
        /EINVAL.*run from a map of devices/,
      );
      if (kind === 'devmap') object.map(map, DevMap).set(0, { ifindex: sender, program });
      else object.map(map, CpuMap).set(0, { qsize: 64, program });
      using _link = object.program(redirect + suffix).attachTo({ kind: 'xdp', interface: receiver });
      await sendPackets(3);
      await until(t, packets, 3n);
      if (kind === 'devmap') object.map(map, DevMap).delete(0);
      else object.map(map, CpuMap).delete(0);
      await sendPackets(2);
      await new Promise(resolve => setTimeout(resolve, 20));
      t.equal(packets(), 3n, 'no more come');
    });
}

t.test('another program in its place, and what is refused', async t => {
  using object = open('on_xdp', 'other_xdp');
  const [first, second] = [object.program('on_xdp'), object.program('other_xdp')];
  const link = first.attachTo({ kind: 'xdp', interface: receiver, mode: 'generic' });
  link.update(second, { expected: first });
  await sendPackets(2);
  await until(t, () => object.globals['other_packets'] as bigint, 2n);
  t.equal(object.globals['packets'], 0n);
  t.same(queryXdp(receiver), { generic: second.info().id });
  const { id } = second.info();
  t.throws(
    () => first.attachTo({ kind: 'xdp', interface: receiver, mode: 'generic' }),
    new RegExp(`EBUSY.*program ${id} runs there already \\(generic\\)`),
  );
  t.throws(
    () => first.attachTo({ kind: 'xdp', interface: receiver, mode: 'native' }),
    /EEXIST.*exclude each other/,
  );
  link.close();
  t.throws(() => first.attachTo({ kind: 'xdp', interface: 'rawbpf9' }), /no interface rawbpf9: "ip link"/);
  t.throws(() => first.attachTo({ kind: 'xdp', interface: 0 }), TypeError);
  t.throws(() => first.attachTo({ kind: 'xdp', interface: 4321 }), /EINVAL.*no interface 4321/);
  t.throws(
    () => first.attachTo({ kind: 'xdp', interface: receiver, mode: 'offload' }),
    /EINVAL.*was not loaded for/,
  );
  t.throws(() => first.attachTo({ kind: 'xdp', interface: 'lo', mode: 'native' }), /EOPNOTSUPP.*generic/);
  t.throws(() => first.attachTo({ kind: 'xdp', interface: 'lo', mode: 'skb' as 'generic' }), TypeError);
  run('ip', 'link', 'set', sender, 'mtu', '9000');
  t.throws(() => first.attachTo({ kind: 'xdp', interface: receiver, mode: 'native' }), /ERANGE.*xdp\.frags/);
  run('ip', 'link', 'set', sender, 'mtu', '1500');
  t.same(queryXdp(receiver), {});
});

/** As of a kernel without links on XDP. */
function beforeLinks(inner: Sys): Sys {
  const lacking: readonly number[] = [BpfCmd.BPF_LINK_CREATE, BpfCmd.BPF_LINK_DETACH];
  return {
    ...inner,
    bpf: (cmd, ...rest) => (lacking.includes(cmd) ? -Errno.EINVAL : inner.bpf(cmd, ...rest)),
  };
}

t.test('without links, by netlink', async t => {
  const sys = beforeLinks(liveSys());
  const kernel = Kernel.running(sys);
  const has = kernel.has.bind(kernel);
  // Newer features imply it.
  kernel.has = feature => feature !== 'xdp_link' && has(feature);
  t.equal(features.xdp_link.probe(sys), false);
  t.equal(features.xdp_link.probe(liveSys()), true);
  const object = BpfObject.open(fixture('test-links-net'), { sys, kernel });
  object.load({ programs: ['on_xdp', 'other_xdp'] });
  t.teardown(() => object.close());
  const [first, second] = [object.program('on_xdp'), object.program('other_xdp')];
  const packets = (): bigint => object.globals['packets'] as bigint;
  const link = first.attachTo({ kind: 'xdp', interface: receiver });
  t.notOk(link.isBpfLink);
  t.match(shown(), { mode: 1, prog: { id: first.info().id } });
  await sendPackets(3);
  await until(t, packets, 3n);
  t.throws(
    () => second.attachTo({ kind: 'xdp', interface: receiver }),
    /netlink: EBUSY.*the kernel says: XDP program already attached.*ip link set dev/,
  );
  link.update(second);
  t.match(shown(), { prog: { id: second.info().id } });
  await sendPackets(2);
  await until(t, () => object.globals['other_packets'] as bigint, 2n);
  link.close();
  t.equal(shown(), undefined);
  const mine = first.attachTo({ kind: 'xdp', interface: receiver, mode: 'generic' });
  run('ip', 'link', 'set', 'dev', receiver, 'xdpgeneric', 'off');
  const theirs = second.attachTo({ kind: 'xdp', interface: receiver, mode: 'generic' });
  mine.close();
  t.match(shown(), { prog: { id: second.info().id } }, 'what somebody else attached stays');
  theirs.close();
  t.same(queryXdp(receiver), {});
});
