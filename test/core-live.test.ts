import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BpfObject } from '../src/programs/index.js';
import { ownBpffs } from './bpffs.js';
import { runCorePrograms } from './core-programs.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

t.test('CO-RE relocations of every kind, run on this kernel', async t => {
  if (!needs(t, { bpf: true })) return;
  runCorePrograms(t);
});

t.test('relocated programs are those of libbpf, instruction for instruction', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const pins = join(ownBpffs(t), 'core');
  run('bpftool', 'prog', 'loadall', fixture('test-core'), pins);
  using obj = BpfObject.open(fixture('test-core')).load();
  t.same(readdirSync(pins).sort(), Object.keys(obj.programs).sort());
  for (const [name, program] of Object.entries(obj.programs)) {
    const { tag, xlatedBytes, verifiedInsns } = program.info();
    const theirs = JSON.parse(run('bpftool', '-j', 'prog', 'show', 'pinned', join(pins, name))) as Record<
      string,
      unknown
    >;
    t.equal(tag, theirs['tag'], `${name}: tag`);
    t.equal(xlatedBytes, theirs['bytes_xlated'], `${name}: length`);
    t.ok(verifiedInsns > 0);
  }
});
