import t from 'tap';
import {
  type HelperName,
  hasHelper,
  hasMapType,
  hasProgType,
  kernelSupport,
  liveSys,
  type ProgTypeName,
} from '../src/index.js';
import { Errno } from '../src/syscall/index.js';
import { failingSys } from './failing-sys.js';
import { needs } from './live.js';
import { openFds } from './open-fds.js';

t.test('types and helpers are asked for by name or number', async t => {
  if (!needs(t, { bpf: true })) return;
  const fds = openFds();
  t.equal(hasProgType('xdp'), true);
  t.equal(hasProgType(6), true);
  t.equal(hasMapType('hash'), true);
  t.equal(hasMapType('sk_storage'), true, 'one that wants types');
  t.equal(hasMapType('array_of_maps'), true, 'one that wants another map');
  for (const [progType, helper, has] of [
    ['xdp', 'bpf_xdp_adjust_head', true],
    ['xdp', 'bpf_sys_bpf', false],
    ['xdp', 'bpf_map_lookup_elem', true],
    ['syscall', 'bpf_sys_bpf', true],
    ['socket_filter', 'bpf_override_return', false],
    ['tracing', 'bpf_map_lookup_elem', undefined],
  ] as const)
    t.equal(hasHelper(progType, helper), has, `${progType}: ${helper}`);
  t.equal(hasHelper('xdp', 4095), false, 'a helper that no kernel has');
  t.equal(hasProgType(4095), false);
  t.equal(hasMapType(4095), false);
  t.same(openFds(), fds, 'no fd is left');
  t.throws(() => hasProgType('xpd' as ProgTypeName), TypeError);
  t.throws(() => hasMapType('hush' as 'hash'), TypeError);
  t.throws(() => hasHelper('xdp', 'bpf_wish' as HelperName), TypeError);
});

t.test('all of it, and nothing is left whichever call fails', async t => {
  if (!needs(t, { bpf: true })) return;
  const fds = openFds();
  const found = kernelSupport();
  t.ok(found.syscall);
  for (const [type, has] of found.progTypes) t.equal(hasProgType(type), has, `program type ${type}`);
  for (const [type, has] of found.mapTypes) t.equal(hasMapType(type), has, `map type ${type}`);
  t.same(openFds(), fds);
  for (const type of ['hash', 'sk_storage', 'array_of_maps'] as const)
    for (let nth = 1; nth <= 3; nth++) {
      const failing = failingSys(liveSys());
      failing.failAt(nth, Errno.ENOMEM);
      hasMapType(type, { sys: failing.sys });
      t.equal(failing.open.size, 0, `${type}: call ${nth}`);
      t.same(failing.strayCloses, []);
    }
});
