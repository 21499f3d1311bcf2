// Tries to load and to open a perf event under a seccomp filter: prints the messages. Started by programs-privileges-seccomp.test.ts.
import { BpfObject } from '../src/index.js';
import { fixture } from './repository.js';

function said(run: () => unknown): string {
  try {
    run();
    return 'done';
  } catch (error) {
    return (error as Error).message;
  }
}

const [which] = process.argv.slice(2);
using object = BpfObject.open(fixture('test-links-life'));
if (which === 'bpf') console.log(said(() => object.load({ programs: ['on_event'] })));
else {
  object.load({ programs: ['on_event'] });
  const target = { kind: 'perf_event', event: 'cpu-clock', frequency: 9 } as const;
  console.log(said(() => object.program('on_event').attachTo(target)));
}
