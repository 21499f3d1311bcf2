/** Run by links-failures.test.ts in a network namespace of its own. */
import t from 'tap';
import type { AttachTarget } from '../src/index.js';
import { everyCallFails } from './every-call-fails.js';
import { run } from './live.js';
import { fixture } from './repository.js';

run('ip', 'link', 'set', 'lo', 'up');
const place = 'lo';
t.setTimeout(120_000);
const kinds: readonly (readonly [object: string, name: string, target: AttachTarget])[] = [
  ['net', 'on_xdp', { kind: 'xdp', interface: place, mode: 'generic' }],
  ['net', 'on_tcx_ingress', { kind: 'tcx', interface: place }],
  ['net', 'on_tc_ingress', { kind: 'tc', interface: place }],
  ['net', 'on_netfilter', { kind: 'netfilter', hook: 'local_in' }],
  ['net', 'on_lwt_out', { kind: 'lwt', route: '192.0.2.0/24', interface: place }],
  ['sockets', 'lookup', { kind: 'netns' }],
  ['sockets', 'dissect', { kind: 'netns' }],
];

for (const [object, name, target] of kinds)
  t.test(`${target.kind}: ${name}`, async t => {
    const before = state();
    everyCallFails(
      t,
      name,
      fixture(`test-links-${object}`),
      { programs: [name] },
      loaded => loaded.program(name).attachTo(target),
      restore,
    );
    t.equal(state(), before, 'no program, qdisc, filter or route is left');
  });

function restore(): void {
  if (run('tc', 'qdisc', 'show', 'dev', place).includes('clsact'))
    run('tc', 'qdisc', 'del', 'dev', place, 'clsact');
  run('ip', 'route', 'flush', 'table', 'main');
}

/** What the interfaces and routes of the namespace have. */
function state(): string {
  return ['link', 'route'].map(what => run('ip', '-d', what, 'show')).join('') + run('tc', 'qdisc', 'show');
}
