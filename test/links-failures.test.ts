import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type AttachTarget, BpfObject } from '../src/index.js';
import { everyCallFails } from './every-call-fails.js';
import { needs, run } from './live.js';
import { inNetns } from './netns.js';
import { ownCgroup } from './own-cgroup.js';
import { leftInTracefs, removeProbes } from './probes-in-tracefs.js';
import { fixture, repository } from './repository.js';

// Each example is loaded some hundred times.
t.setTimeout(900_000);
/** The map's programs are registered by a link. */
const BPF_F_LINK = 1 << 13;
const binary = process.execPath;
const life = fixture('test-links-life');

/** Loads a program alone and attaches it. */
const attaching =
  (name: string, target?: AttachTarget) =>
  (object: BpfObject): unknown => {
    const program = object.program(name);
    return target ? program.attachTo(target) : program.attach();
  };

t.test('whichever call of attaching fails, nothing is left', async t => {
  if (!needs(t, { bpf: true })) return;
  const cgroup = ownCgroup(t).folder;
  const before = leftInTracefs();
  const kinds: readonly (readonly [kind: string, name: string, target?: AttachTarget])[] = [
    ['tracepoint', 'on_tracepoint'],
    ['raw_tracepoint', 'on_raw_tracepoint'],
    ['tracing', 'on_typed'],
    ['iter', 'over_tasks'],
    ['perf_event', 'on_event', { kind: 'perf_event', event: 'cpu-clock', frequency: 9 }],
    ['uprobe', 'on_function', { kind: 'uprobe', binary, offset: 4096 }],
    ['uprobe by tracefs', 'on_function', { kind: 'uprobe', binary, offset: 4096, mode: 'legacy' }],
    ['uprobe_multi', 'on_functions', { kind: 'uprobe_multi', binary, offsets: [4096, 4100] }],
    ['cgroup', 'first', { kind: 'cgroup', cgroup }],
  ];
  for (const [kind, name, target] of kinds) {
    const calls = everyCallFails(t, kind, life, { programs: [name] }, attaching(name, target), removeProbes);
    t.ok(calls >= 2, `${kind}: each of ${calls} calls failed in turn`);
  }
  const sockets = fixture('test-links-sockets');
  everyCallFails(t, 'sockmap', sockets, { programs: ['msg'] }, object =>
    object.program('msg').attachTo({ kind: 'sockmap', map: object.map('sockets') }),
  );
  t.same(leftInTracefs(), before, 'no probe is left in tracefs');
});

t.test('whichever call of loading and attaching an example fails, nothing is left', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const examples = readdirSync(join(repository, 'fixtures')).filter(name =>
    /^(?!test-).*\.bpf\.o$/.test(name),
  );
  t.ok(examples.length >= 7);
  for (const file of examples) {
    // Of these the ones that need no kprobes, which not every kernel has.
    const path = join(repository, 'fixtures', file);
    const { spec } = BpfObject.open(path);
    const programs = spec.programs
      .filter(({ section }) => !/^k(ret)?(probe|syscall)/.test(section))
      .map(({ name }) => name);
    const registered = spec.maps
      .filter(({ structOps, flags }) => structOps && (flags & BPF_F_LINK) === 0)
      .map(({ name }) => name);
    const unregister = (): void => {
      for (const name of registered) run('bpftool', 'struct_ops', 'unregister', 'name', name);
    };
    everyCallFails(t, file, path, { programs }, object => object.attach(), unregister);
  }
});

t.test('whichever call of registering a struct_ops map fails, nothing is left', async t => {
  if (!needs(t, { bpf: true })) return;
  const maps = { linked: { autocreate: true } };
  const registered = () => readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8');
  const before = registered();
  everyCallFails(t, 'struct_ops', fixture('test-links-struct-ops'), { maps }, object => object.attach());
  t.equal(registered(), before);
});

t.test('whichever call of attaching to a network fails, nothing is left', async t => {
  await inNetns(t, 'links-failures-in-netns');
});
