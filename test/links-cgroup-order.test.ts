import t, { type Test } from 'tap';
import { BpfAttachType } from '../src/abi/index.js';
import { BpfObject, Kernel, type Link, type Program, queryCgroup } from '../src/index.js';
import type { CgroupTarget } from '../src/programs/links/cgroup/cgroup.js';
import { liveSys } from '../src/syscall/index.js';
import { needs, run } from './live.js';
import { type OwnCgroup, ownCgroup } from './own-cgroup.js';
import type { PerlChild } from './perl-child.js';
import { fixture } from './repository.js';

const attachType = BpfAttachType.BPF_CGROUP_INET4_BIND;
const names = ['one', 'two', 'three'] as const;
const bind = 'at(AF_INET, SOCK_DGRAM, $in4);';
const at = (cgroup: OwnCgroup, more: Partial<CgroupTarget> = {}): CgroupTarget => ({
  kind: 'cgroup',
  cgroup: cgroup.folder,
  ...more,
});

const load = (): BpfObject => BpfObject.open(fixture('test-links-cgroup')).load({ programs: names });

function programs(object: BpfObject): [Program, Program, Program] {
  return [object.program('one'), object.program('two'), object.program('three')];
}

/** Digits of the programs in the order in which they ran. */
async function order(object: BpfObject, child: PerlChild): Promise<number> {
  object.globals['last'] = 0;
  await child.run(bind);
  return object.globals['last'] as number;
}

/** Ids as bpftool lists them, in its order. */
function shown(...args: string[]): readonly number[] {
  const listed: unknown = JSON.parse(run('bpftool', 'cgroup', 'show', ...args, '-j') || '[]');
  return (listed as { id: number; attach_type: string }[])
    .filter(({ attach_type: type }) => type === 'cgroup_inet4_bind' || type === 'bind4')
    .map(({ id }) => id);
}

/** bpftool 7.1 asks for the programs of lsm_cgroup, too, and gives up where a kernel before 6.0 has none. */
function sameAsShown(t: Test, folder: string, ids: readonly number[] | undefined): void {
  if (since(t, 6, 0)) t.same(shown(folder), ids, 'as bpftool');
}

function since(t: Test, major: number, minor: number): boolean {
  const { release, versionCode } = Kernel.running(liveSys());
  if (versionCode >= ((major << 16) | (minor << 8))) return true;
  t.comment(`Linux ${release} is older than ${major}.${minor}`);
  return false;
}

t.test('programs of a cgroup in an order', async t => {
  if (!needs(t, { bpf: true, tools: ['perl', 'bpftool'] })) return;
  using object = load();
  const cgroup = ownCgroup(t);
  const child = await cgroup.perl();
  const [one, two, three] = programs(object);
  const first = one.attachTo(at(cgroup));
  const last = two.attachTo(at(cgroup));
  t.equal(await order(object, child), 12);
  const [hook] = queryCgroup(cgroup.folder);
  t.match(hook, {
    attachType,
    attachTypeName: 'cgroup_inet4_bind',
    attachFlag: 'allow_multi',
    programIds: [one.info().id, two.info().id],
  });
  sameAsShown(t, cgroup.folder, hook?.programIds);
  if (!Kernel.running(liveSys()).has('cgroup_order')) {
    t.throws(() => three.attachTo(at(cgroup, { before: first })), {
      code: 'ERR_RAWBPF_UNSUPPORTED_FEATURE',
      since: '6.17',
    });
    t.throws(() => three.attachTo(at(cgroup, { expectedRevision: 2n })), {
      code: 'ERR_RAWBPF_UNSUPPORTED_FEATURE',
      since: '6.17',
    });
    t.throws(() => three.attachTo(at(cgroup, { preorder: true })), {
      message: /Linux 6\.17/,
    });
    t.equal(await order(object, child), 12);
    return;
  }
  t.equal(typeof hook?.revision, 'bigint');
  const orders: readonly (readonly [Partial<CgroupTarget>, number])[] = [
    [{ before: 'all' }, 312],
    [{ after: 'all' }, 123],
    [{ before: last }, 132],
    [{ after: first }, 132],
    [{ after: { linkId: first.info().id } }, 132],
    [
      { before: { linkId: first.info().id }, expectedRevision: queryCgroup(cgroup.folder)[0]!.revision! },
      312,
    ],
    [{ preorder: true }, 312],
  ];
  for (const [place, expected] of orders) {
    const link: Link = three.attachTo(
      at(
        cgroup,
        place.expectedRevision
          ? { ...place, expectedRevision: queryCgroup(cgroup.folder)[0]!.revision! }
          : place,
      ),
    );
    t.equal(await order(object, child), expected, JSON.stringify(Object.keys(place)));
    t.same(queryCgroup(cgroup.folder, { attachType })[0]?.programIds, shown(cgroup.folder), 'as bpftool');
    link.close();
  }
  t.throws(() => three.attachTo(at(cgroup, { expectedRevision: 1n })), {
    errnoName: 'ESTALE',
    message: /have changed since the revision/,
  });
  t.throws(() => three.attachTo(at(cgroup, { before: first, after: last })), { name: 'TypeError' });
  t.throws(() => three.attachTo(at(cgroup, { before: one })), {
    errnoName: 'EINVAL',
    message: /link has its place beside another link/,
  });
  last.close();
  t.throws(() => three.attachTo(at(cgroup, { before: last })), { code: 'ERR_RAWBPF_STATE' });
  t.equal(await order(object, child), 1);
});

t.test('another program in place of a link’s', async t => {
  if (!needs(t, { bpf: true, tools: ['perl'] })) return;
  using object = load();
  const cgroup = ownCgroup(t);
  const child = await cgroup.perl();
  const link = object.program('one').attachTo(at(cgroup));
  t.equal(await order(object, child), 1);
  link.update(object.program('two'));
  t.equal(await order(object, child), 2);
  link.close();
  t.equal(await order(object, child), 0);
  t.same(queryCgroup(cgroup.folder), []);
});

t.test('without a link', async t => {
  if (!needs(t, { bpf: true, tools: ['perl', 'bpftool'] })) return;
  for (const attachFlag of ['allow_multi', 'allow_override', 'none'] as const)
    await t.test(attachFlag, async t => {
      using object = load();
      const cgroup = ownCgroup(t);
      const child = await cgroup.perl();
      const link = object.program('one').attachTo(at(cgroup, { attachFlag }));
      t.equal(link.isBpfLink, false);
      t.equal(await order(object, child), 1);
      t.match(queryCgroup(cgroup.folder), [{ attachFlag, programIds: [object.program('one').info().id] }]);
      sameAsShown(t, cgroup.folder, [object.program('one').info().id]);
      link.update(object.program('two'));
      t.equal(await order(object, child), 2);
      object.program('one').close();
      t.equal(await order(object, child), 2);
      object.program('two').close();
      t.equal(link.isOpen, false);
      t.same(queryCgroup(cgroup.folder), []);
      t.equal(await order(object, child), 0);
    });
});

t.test('takes away no program but its own', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = load();
  const cgroup = ownCgroup(t);
  const attachFlag = 'allow_override';
  const first = object.program('one').attachTo(at(cgroup, { attachFlag }));
  const second = object.program('two').attachTo(at(cgroup, { attachFlag }));
  first.close();
  t.match(queryCgroup(cgroup.folder), [{ programIds: [object.program('two').info().id] }]);
  second.close();
  t.same(queryCgroup(cgroup.folder), []);
});

t.test('in place of a program', async t => {
  if (!needs(t, { bpf: true, tools: ['perl'] })) return;
  using object = load();
  const cgroup = ownCgroup(t);
  const child = await cgroup.perl();
  const [one, two, three] = programs(object);
  one.attachTo(at(cgroup, { attachFlag: 'allow_multi' }));
  two.attachTo(at(cgroup, { attachFlag: 'allow_multi' }));
  three.attachTo(at(cgroup, { replace: one }));
  t.equal(await order(object, child), 32);
  t.throws(() => one.attachTo(at(cgroup, { replace: one })), {
    errnoName: 'ENOENT',
    message: /program to replace is not attached/,
  });
  object.close();
  t.same(queryCgroup(cgroup.folder), []);
});
