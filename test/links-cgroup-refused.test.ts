import { closeSync, mkdirSync, openSync, rmdirSync } from 'node:fs';
import t from 'tap';
import { BpfAttachType, BpfCmd } from '../src/abi/index.js';
import { BpfObject, Kernel, queryCgroup } from '../src/index.js';
import { Errno, liveSys, type Sys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { ownCgroup } from './own-cgroup.js';
import { fixture } from './repository.js';

const open = (sys?: Sys): BpfObject =>
  BpfObject.open(fixture('test-links-cgroup'), sys ? { sys } : {}).load({ programs: ['one', 'two', 'skb'] });

t.test('what is no cgroup of version 2', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const attach = (cgroup: string | number) => () =>
    object.program('one').attachTo({ kind: 'cgroup', cgroup });
  const where = /is no cgroup.*(Cgroups of version 2 are folders in \/|mount -t cgroup2)/;
  t.throws(attach('/proc'), { errnoName: 'EBADF', message: where });
  t.throws(attach('/proc/none'), { errnoName: 'ENOENT', message: /there is no cgroup \/proc\/none/ });
  t.throws(attach('/proc/self/status'), { message: /ENOTDIR/ });
  t.throws(attach(9999), { errnoName: 'EBADF', message: /is no open file/ });
  t.throws(attach(-1), { name: 'TypeError' });
  t.throws(() => queryCgroup('/proc'), { errnoName: 'EBADF', message: where });
  const v1 = '/sys/fs/cgroup/pids';
  if (isFolder(v1)) {
    t.throws(attach(v1), {
      errnoName: 'EBADF',
      message: /is of cgroup version 1, to which no program attaches/,
    });
    t.throws(() => queryCgroup(v1), { message: /version 1/ });
  } else t.comment('no cgroup of version 1 is mounted');
});

function isFolder(path: string): boolean {
  try {
    closeSync(openSync(`${path}/cgroup.procs`, 'r'));
    return true;
  } catch {
    return false;
  }
}

t.test('a cgroup by its fd', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const { folder } = ownCgroup(t);
  const fd = openSync(folder, 'r');
  const link = object.program('one').attachTo({ kind: 'cgroup', cgroup: fd });
  const legacy = object.program('two').attachTo({ kind: 'cgroup', cgroup: fd, attachFlag: 'allow_multi' });
  t.equal(queryCgroup(fd)[0]?.programIds.length, 2);
  closeSync(fd);
  link.close();
  legacy.close();
  t.same(queryCgroup(folder), []);
});

t.test('what a program of a cgroup forbids', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const above = ownCgroup(t);
  const below = above.below('below');
  const [one, two] = [object.program('one'), object.program('two')];
  const id = one.info().id;
  for (const attachFlag of ['none', 'allow_override'] as const) {
    const link = one.attachTo({ kind: 'cgroup', cgroup: above.folder, attachFlag });
    t.throws(() => two.attachTo({ kind: 'cgroup', cgroup: above.folder }), {
      errnoName: 'EPERM',
      message: new RegExp(`the programs there \\(id ${id}\\) were attached as ${attachFlag}.*attachFlag`),
    });
    const attach = () => two.attachTo({ kind: 'cgroup', cgroup: below.folder });
    if (attachFlag === 'none')
      t.throws(attach, {
        errnoName: 'EPERM',
        message: new RegExp(`the cgroup above, ${above.folder}, has program ${id} attached as none`),
      });
    else attach().close();
    link.close();
  }
  const upper = one.attachTo({ kind: 'cgroup', cgroup: above.folder });
  const lower = two.attachTo({ kind: 'cgroup', cgroup: below.folder });
  const attachType = BpfAttachType.BPF_CGROUP_INET4_BIND;
  t.match(queryCgroup(below.folder, { attachType, effective: true }), [
    { programIds: [two.info().id, id], attachFlag: undefined, revision: undefined },
  ]);
  t.match(queryCgroup(below.folder, { attachType }), [{ programIds: [two.info().id] }]);
  lower.close();
  upper.close();
  t.match(queryCgroup(below.folder, { attachType }), [{ programIds: [], attachFlag: undefined }]);
});

t.test('what does not go together', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const cgroup = ownCgroup(t).folder;
  const [one, skb] = [object.program('one'), object.program('skb')];
  t.throws(() => skb.attachTo({ kind: 'cgroup', cgroup }), { name: 'TypeError', message: /direction/ });
  t.throws(() => skb.attachTo({ kind: 'cgroup', cgroup, direction: 'up' as never }), { name: 'TypeError' });
  t.throws(() => one.attachTo({ kind: 'cgroup', cgroup, attachType: BpfAttachType.BPF_XDP }), {
    name: 'TypeError',
    message: /xdp do not attach to cgroups/,
  });
  t.throws(() => one.attachTo({ kind: 'cgroup', cgroup, attachType: BpfAttachType.BPF_CGROUP_INET6_BIND }), {
    errnoName: 'EINVAL',
    message: /loaded for cgroup_inet4_bind and does not run at cgroup_inet6_bind/,
  });
  t.throws(() => one.attachTo({ kind: 'cgroup', cgroup, attachFlag: 'all' as never }), { name: 'TypeError' });
  const twice = one.attachTo({ kind: 'cgroup', cgroup, attachFlag: 'allow_multi' });
  t.throws(() => one.attachTo({ kind: 'cgroup', cgroup, attachFlag: 'allow_multi' }), {
    errnoName: 'EINVAL',
    message: /attached there already/,
  });
  twice.close();
  t.throws(() => queryCgroup(cgroup, { attachType: BpfAttachType.BPF_XDP }), { name: 'TypeError' });
  t.same(queryCgroup(cgroup), []);
  mkdirSync(`${cgroup}/gone`);
  const fd = openSync(`${cgroup}/gone`, 'r');
  rmdirSync(`${cgroup}/gone`);
  t.throws(() => one.attachTo({ kind: 'cgroup', cgroup: fd }), {
    errnoName: 'ENOENT',
    message: /has been removed/,
  });
  closeSync(fd);
});

t.test('a kernel without links of cgroups', async t => {
  if (!needs(t, { bpf: true })) return;
  const live = liveSys();
  const sys = new Proxy(live, {
    get(target, key) {
      if (key === 'bpf')
        return ((cmd, ...args) =>
          cmd === BpfCmd.BPF_LINK_CREATE ? -Errno.EINVAL : target.bpf(cmd, ...args)) satisfies Sys['bpf'];
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const kernel = Kernel.running(sys);
  kernel.has = feature => feature !== 'cgroup_link' && Kernel.prototype.has.call(kernel, feature);
  using object = open(sys);
  const { folder } = ownCgroup(t);
  const link = object.program('one').attachTo({ kind: 'cgroup', cgroup: folder });
  t.equal(link.isBpfLink, false);
  t.match(queryCgroup(folder), [
    { attachFlag: 'allow_multi', programIds: [object.program('one').info().id] },
  ]);
  link.close();
  t.same(queryCgroup(folder), []);
});
