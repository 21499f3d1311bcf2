import t from 'tap';
import { tracefsPath } from '../src/kernel/index.js';
import { liveSys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { openFds } from './open-fds.js';
import { hasCookies, leavesNothing, probeObject, runsUntilClosed, touchFolder } from './probe-object.js';
import { sectionRow } from './section-row.js';

for (const [section, name] of [
  ['tp', 'on_tp'],
  ['tracepoint', 'on_tracepoint'],
  ['tp.s', 'on_sleepable_tp'],
  ['tracepoint.s', 'on_sleepable_tracepoint'],
] as const)
  await sectionRow(t, [section], t => {
    tracefsPath(liveSys());
    const before = openFds();
    using probe = probeObject(name);
    const link = probe.program.attach(hasCookies() ? { cookie: 5n } : {});
    t.match(link, { kind: 'tracepoint', target: 'syscalls/sys_enter_rmdir', isBpfLink: hasCookies() });
    touchFolder(t);
    t.same(probe.cookies(), [hasCookies() ? 5 : 0]);
    if (link.isBpfLink) t.match(link.info(), { typeName: 'perf_event' });
    runsUntilClosed(t, probe, link);
    probe[Symbol.dispose]();
    t.same(openFds(), before, 'no fd is left');
  });

t.test('whichever call fails, nothing is left', async t => {
  if (!needs(t, { bpf: true })) return;
  leavesNothing(t, 'on_tp', { kind: 'tracepoint', category: 'syscalls', name: 'sys_enter_rmdir' });
});

t.test('an unknown tracepoint: those near it are named', async t => {
  if (!needs(t, { bpf: true })) return;
  using probe = probeObject('on_tp');
  const attach = (category: string, name: string) => () =>
    probe.program.attachTo({ kind: 'tracepoint', category, name });
  t.throws(attach('syscalls', 'sys_enter_rmdri'), /near it are syscalls\/sys_enter_rmdir/);
  t.throws(attach('syscals', 'sys_enter_rmdir'), /near it are syscalls\/sys_enter_rmdir/);
  t.throws(attach('syscals', 'sys_enter_nothing_such'), /near it are syscalls\/…/);
  t.throws(attach('nothing-like', 'anything'), /no such tracepoint$/);
});
