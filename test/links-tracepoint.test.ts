import t from 'tap';
import { tracefsPath } from '../src/kernel/index.js';
import { liveSys } from '../src/syscall/index.js';
import { openFds } from './open-fds.js';
import { hasCookies, probeObject, runsUntilClosed, touchFolder } from './probe-object.js';
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
