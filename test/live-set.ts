import { join } from 'node:path';
import type { Test } from 'tap';
import { RawbpfError } from '../src/errors/index.js';
import { type AttachTarget, BpfObject, createMap, type Link, type Program } from '../src/index.js';
import { ownBpffs } from './bpffs.js';
import { fixture } from './repository.js';
import { currentCgroup } from './test-cgroup.js';

/** Programs and links that are in the kernel until the test ends, some of each pinned. */
export interface LiveSet {
  readonly programs: readonly Program[];
  readonly links: readonly Link[];
  /** What this kernel did not take, with its reason. */
  readonly refused: readonly string[];
}

/** The objects of examples/, and fixtures that have what those have not. */
const objects = [
  'hello',
  'hello-map',
  'hello-buffer',
  'hello-buffer-config',
  'hello-ring',
  'hello-tail',
  'minimal',
  'opensnoop',
  'test-listing',
  'test-subprog',
];

/** Of this process, or of nothing that happens. */
function attachments(sockets: { readonly fd: number }): [string, string, AttachTarget][] {
  const { pid } = process;
  const malloc = { binary: 'libc', symbol: 'malloc_info', pid };
  return [
    ['test-links-uprobe', 'on_entry_with_cookie', { kind: 'uprobe', ...malloc, cookie: 7n }],
    ['test-links-uprobe', 'on_return', { kind: 'uprobe', ...malloc, retprobe: true }],
    [
      'test-links-uprobe',
      'on_entries',
      { kind: 'uprobe_multi', binary: 'libc', symbols: ['malloc_info', 'mallopt'], pid },
    ],
    ['test-links-kprobe', 'on_event', { kind: 'perf_event', event: 'cpu-clock', pid, cookie: 1n << 63n }],
    ['test-links-iter', 'tasks', { kind: 'iter', pid }],
    ['test-links-iter', 'cgroups', { kind: 'iter', cgroup: currentCgroup(), order: 'ancestors_up' }],
    ['test-links-sockets', 'msg', { kind: 'sockmap', map: sockets }],
    ['test-links-life', 'first', { kind: 'cgroup', cgroup: currentCgroup() }],
  ];
}

/** Loads each program alone, so that one that the kernel refuses hides no other; attaches those that say to what, and some by hand. */
export function liveSet(t: Test): LiveSet {
  const bpffs = ownBpffs(t);
  const programs: Program[] = [];
  const links: Link[] = [];
  const refused: string[] = [];
  const attempt = <T>(what: string, action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof RawbpfError)) throw error;
      refused.push(`${what}: ${error.message.split('\n')[0]}`);
      return undefined;
    }
  };
  const load = (name: string, program: string): Program | undefined =>
    attempt(`${name} ${program}`, () => {
      const object = BpfObject.open(fixture(name)).load({ programs: [program], pinRoot: false });
      t.teardown(() => object.close());
      return object.program(program);
    });
  for (const name of objects)
    for (const { name: program, attachTarget } of BpfObject.open(fixture(name)).spec.programs) {
      const loaded = load(name, program);
      if (!loaded) continue;
      programs.push(loaded);
      const link =
        attachTarget === undefined ? undefined : attempt(`${name} ${program}: attach`, () => loaded.attach());
      if (link?.isBpfLink) links.push(link);
    }
  const sockets = createMap({ type: 'sockhash', key: 4, value: 4, maxEntries: 1 });
  t.teardown(() => sockets.close());
  for (const [name, program, target] of attachments(sockets)) {
    const loaded = load(name, program);
    if (!loaded) continue;
    programs.push(loaded);
    const link = attempt(`${name} ${program}: attach`, () => loaded.attachTo(target));
    if (link?.isBpfLink) links.push(link);
  }
  for (const [i, pinned] of [programs[0], programs.at(-1), links[0], links.at(-1)].entries())
    pinned?.pin(join(bpffs, `pin-${i}`));
  return { programs, links, refused };
}
