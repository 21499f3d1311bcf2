import { mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BpfObject } from '../src/programs/index.js';
import { needs, run } from './live.js';
import { fixture, repository } from './repository.js';

interface Shown {
  readonly name: string;
  readonly tag: string;
  readonly bytes_xlated: number;
  readonly bytes_jited: number;
  readonly type: string;
  readonly map_ids?: readonly number[];
}

const names = readdirSync(join(repository, 'fixtures'))
  .filter(name => name.endsWith('.bpf.o') && !/^test-(core-refused|module)\./.test(name))
  .map(name => name.slice(0, -'.bpf.o'.length))
  // bpftool does not load programs of SEC("?…").
  .filter(name => BpfObject.open(fixture(name)).spec.programs.every(program => program.autoload));

t.test('every program of every fixture loads as bpftool loads it', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'mount', 'umount'] })) return;
  const mount = mkdtempSync(join(tmpdir(), 'rawbpf-bpffs-'));
  run('mount', '-t', 'bpf', 'none', mount);
  t.teardown(() => {
    run('umount', mount);
    rmdirSync(mount);
  });
  t.ok(names.length >= 8);
  for (const name of names) {
    run('bpftool', 'prog', 'loadall', fixture(name), join(mount, name.replaceAll('.', '_')));
    using obj = BpfObject.open(fixture(name)).load();
    const pins = readdirSync(join(mount, name));
    t.equal(Object.keys(obj.programs).length, pins.length, `${name}: as many programs`);
    for (const [program, handle] of Object.entries(obj.programs)) {
      const theirs: Shown = JSON.parse(
        run('bpftool', '-j', 'prog', 'show', 'pinned', join(mount, name, program)),
      );
      const ours = handle.info();
      t.match(
        {
          tag: ours.tag,
          xlated: ours.xlatedBytes,
          jited: ours.jitedBytes,
          maps: ours.mapIds.length,
        },
        {
          tag: theirs.tag,
          xlated: theirs.bytes_xlated,
          jited: theirs.bytes_jited,
          maps: theirs.map_ids?.length ?? 0,
        },
        `${name}: ${program}`,
      );
    }
    rmSync(join(mount, name), { recursive: true });
  }
});
