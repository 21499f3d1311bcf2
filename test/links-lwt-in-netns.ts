/** Run by links-net.test.ts in a network namespace of its own. */
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { BpfObject } from '../src/programs/index.js';
import { run } from './live.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';
import { until } from './until.js';
import { sendPackets, vethPair } from './veth.js';

const { sender, receiver } = vethPair();
/** Packets come from an address of this namespace, and those of IPv6 are sent on. */
for (const [file, value] of [
  ['ipv4/conf/all/rp_filter', 0],
  [`ipv4/conf/${receiver}/rp_filter`, 0],
  [`ipv4/conf/${receiver}/accept_local`, 1],
  ['ipv6/conf/all/forwarding', 1],
] as const)
  writeFileSync(`/proc/sys/net/${file}`, String(value));
const [{ address }] = JSON.parse(run('ip', '-j', 'link', 'show', receiver)) as [{ address: string }];

/** Makes the receiver the neighbor that has an address. */
function neighbor(name: string): void {
  run('ip', 'neigh', 'replace', name, 'lladdr', address, 'dev', sender);
}

function routes(family: string, to: string): string {
  return run('ip', family, 'route', 'show', to);
}

for (const name of ['lwt_in', 'lwt_out', 'lwt_xmit'] as const)
  await sectionRow(t, [name], async t => {
    using object = BpfObject.open(fixture('test-links-net'));
    object.load({ programs: [`on_${name}`] });
    const program = object.program(`on_${name}`);
    const target = { kind: 'lwt', route: '10.66.0.0/16', interface: sender } as const;
    const send = async (count: number): Promise<void> => {
      neighbor('10.66.0.5');
      await sendPackets(count, '10.66.0.5');
      await new Promise(resolve => setTimeout(resolve, 20));
    };
    // Only what is sent on is looked up as coming in; the others would come back and back.
    writeFileSync('/proc/sys/net/ipv4/ip_forward', name === 'lwt_in' ? '1' : '0');
    const link = program.attachTo(target);
    t.match(routes('-4', '10.66.0.0/16'), /encap bpf +(in|out|xmit) on_lwt/);
    await send(3);
    await until(() => object.globals['packets'] === 3n);
    t.equal(object.globals['packets'], 3n);
    t.throws(() => program.attachTo(target), /netlink: EEXIST.*another metric/);
    const second = program.attachTo({ ...target, metric: 7, table: 300, gateway: '10.99.0.2' });
    t.match(run('ip', 'route', 'show', 'table', '300'), /via 10\.99\.0\.2 .*metric 7/);
    link.close();
    t.equal(routes('-4', '10.66.0.0/16'), '');
    t.match(run('ip', 'route', 'show', 'table', '300'), /metric 7/, 'closing removes its own only');
    second.close();
    run('ip', 'route', 'add', '10.66.0.0/16', 'dev', sender);
    await send(2);
    t.equal(object.globals['packets'], 3n, 'no more come');
    run('ip', 'route', 'del', '10.66.0.0/16', 'dev', sender);
    t.throws(() => program.attachTo({ ...target, route: '10.66.0.1/16' }), /EINVAL/);
    t.throws(
      () => program.attachTo({ ...target, route: 'nowhere' }),
      /route: "nowhere" is no IPv4 or IPv6 address/,
    );
    t.throws(() => program.attachTo({ ...target, route: '10.0.0.0/33' }), /an address has 32 bits/);
    t.throws(() => program.attachTo({ ...target, gateway: 'fd00::1' }), /of another family/);
  });

await sectionRow(t, ['lwt_seg6local'], async t => {
  using object = BpfObject.open(fixture('test-links-net'));
  object.load({ programs: ['on_seg6local'] });
  const program = object.program('on_seg6local');
  run('ip', 'addr', 'add', 'fd00:99::1/64', 'dev', sender, 'nodad');
  const link = program.attachTo({ kind: 'lwt', route: 'fd00:66::1', interface: sender });
  t.match(routes('-6', 'fd00:66::1'), /seg6local action End\.BPF endpoint on_seg6local/);
  neighbor('fd00:66::1');
  const segments = ['encap', 'seg6', 'mode', 'encap', 'segs', 'fd00:66::1,fd00:66::2'];
  run('ip', '-6', 'route', 'add', 'fd00:77::/64', ...segments, 'dev', sender);
  await sendPackets(3, 'fd00:77::5');
  await until(() => object.globals['packets'] === 3n);
  t.equal(object.globals['packets'], 3n);
  link.close();
  t.equal(routes('-6', 'fd00:66::1'), '');
  await sendPackets(2, 'fd00:77::5').catch(() => undefined);
  await new Promise(resolve => setTimeout(resolve, 20));
  t.equal(object.globals['packets'], 3n, 'no more come');
});
