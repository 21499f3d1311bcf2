import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BpfObject, type HeldKind, holders, pinnedPaths } from '../src/index.js';
import { ownBpffs } from './bpffs.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

const nouns = { program: 'prog', map: 'map', link: 'link', btf: 'btf' } as const;

/** bpftool's record of an object, out of its list: shown alone, BTF and links are held by bpftool itself. */
function theirs(kind: HeldKind, id: number, ...flags: string[]): Record<string, unknown> {
  const listed = JSON.parse(run('bpftool', '-j', ...flags, nouns[kind], 'list'));
  return listed.find((record: { id: number }) => record.id === id);
}

t.test('who holds what is what bpftool finds by an iterator', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = BpfObject.open(fixture('opensnoop')).load({ pinRoot: false });
  object.attach();
  const program = Object.values(object.programs)[0]!;
  const info = program.info();
  const ids = {
    program: info.id,
    map: info.mapIds[0]!,
    link: program.links[0]!.info().id,
    btf: info.btfId,
  };
  const comm = readFileSync('/proc/self/comm', 'utf8').trimEnd();
  for (const [kind, id] of Object.entries(ids) as [HeldKind, number][]) {
    const own = holders(kind).get(id);
    t.same(own, [{ pid: process.pid, comm }], kind);
    // bpftool's iterator wants the address of a variable of the kernel, which one without CONFIG_KALLSYMS_ALL does not tell.
    const { pids } = theirs(kind, id);
    if (pids === undefined) t.comment(`bpftool does not tell who holds a ${kind} on this kernel`);
    else t.same(own, pids, kind);
  }
  t.equal(holders('map').get(2 ** 31), undefined);
});

t.test('what is pinned where is what bpftool -f finds', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const folder = ownBpffs(t);
  using object = BpfObject.open(fixture('opensnoop')).load({ pinRoot: false });
  const program = Object.values(object.programs)[0]!;
  const { id } = program.info();
  t.equal(pinnedPaths('program').get(id), undefined);
  const paths = [join(folder, 'one'), join(folder, 'two words')];
  for (const path of paths) program.pin(path);
  t.same(pinnedPaths('program').get(id), paths);
  t.same([...(theirs('program', id, '-f')['pinned'] as string[])].sort(), paths);
  t.equal(pinnedPaths('map').get(id), undefined, 'an id is of one kind');
  program.unpin();
  t.equal(pinnedPaths('program').get(id), undefined);
});
