/** `node killed-child.js CGROUP [PIN]`: loads, attaches and closes test-killed without end, and says so once; a link pinned at PIN stays. */
import { BpfObject } from '../src/index.js';
import { fixture } from './repository.js';

const [cgroup = '', pin] = process.argv.slice(2);

function once(pinAt?: string): void {
  using object = BpfObject.open(fixture('test-killed')).load();
  const [link] = object.attach();
  object.program('killed_uprobe').attachTo({ kind: 'uprobe', binary: process.execPath, offset: 4096 });
  object.program('killed_perf').attachTo({ kind: 'perf_event', event: 'cpu-clock', frequency: 9 });
  object.program('killed_cgroup').attachTo({ kind: 'cgroup', cgroup });
  if (pinAt) link?.pin(pinAt);
}

once(pin);
process.stdout.write('ready\n');
for (;;) once();
