/** Run by links-net.test.ts in a network namespace of its own. */
import t from 'tap';
import { BpfObject } from '../src/programs/index.js';
import { run } from './live.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';
import { sendPackets, vethPair } from './veth.js';

vethPair();

await sectionRow(t, ['netfilter'], async t => {
  using object = BpfObject.open(fixture('test-links-net'));
  object.load({ programs: ['on_netfilter', 'other_netfilter'] });
  const [first, second] = [object.program('on_netfilter'), object.program('other_netfilter')];
  const target = { kind: 'netfilter', hook: 'local_out' } as const;
  const link = first.attachTo({ ...target, priority: -10 });
  t.match(link.info(), { typeName: 'netfilter', progId: first.info().id, priority: -10 });
  const shown = run('bpftool', '-j', 'link', 'show', 'id', String(link.info().id));
  t.match(JSON.parse(shown), { prog_id: first.info().id });
  await sendPackets(3);
  t.equal(object.globals['packets'], 3n);

  t.throws(() => second.attachTo({ ...target, priority: -10 }), /EBUSY.*with priority -10/);
  t.throws(() => second.attachTo({ ...target, priority: 0x7fffffff }), /ERANGE.*reserved/);
  t.throws(() => second.attachTo({ ...target, priority: 0.5 }), TypeError);
  t.throws(
    () => second.attachTo({ ...target, hook: 'input' as 'forward' }),
    /hook: must be one of pre_routing/,
  );
  t.throws(
    () => second.attachTo({ ...target, priority: -400, defrag: true }),
    /E(RANGE.*above -400|INVAL.*Linux 6\.6)/,
  );
  const after = second.attachTo(target);
  const otherFamily = second.attachTo({ ...target, family: 'ipv6' });
  await sendPackets(1);
  t.equal(object.globals['other_packets'], 1n);
  t.equal(object.globals['packets_before'], 4n, 'the smaller priority ran first');
  after.close();
  otherFamily.close();

  link.close();
  await sendPackets(2);
  t.equal(object.globals['packets'], 4n, 'no more come');
  t.equal(object.globals['other_packets'], 1n);
});
