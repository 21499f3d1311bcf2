import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Btf, dumpJson, dumpRaw } from '../src/btf/index.js';
import { parseElf } from '../src/elf/index.js';
import { needs, run } from './live.js';
import { repository } from './repository.js';

const vmlinux = '/sys/kernel/btf/vmlinux';

function openBtf(path: string): Btf {
  const bytes = readFileSync(path);
  if (path === vmlinux) return Btf.parse(bytes, { file: path });
  return Btf.parse(parseElf(bytes, path).section('.BTF')?.data ?? new Uint8Array(), { file: path });
}

const folder = join(repository, 'fixtures');
const files = readdirSync(folder)
  .filter(name => name.endsWith('.o'))
  .map(name => join(folder, name));
if (existsSync(vmlinux)) files.push(vmlinux);

t.test('raw and JSON dumps are those of bpftool', async t => {
  if (!needs(t, { tools: ['bpftool'] })) return;
  for (const file of files) {
    const btf = openBtf(file);
    const raw = run('bpftool', 'btf', 'dump', 'file', file, 'format', 'raw').trimEnd().split('\n');
    const ours = [...dumpRaw(btf)];
    t.equal(ours.length, raw.length, `${file}: lines`);
    t.equal(
      ours.findIndex((line, i) => line !== raw[i]),
      -1,
      `${file}: first line that differs`,
    );

    // Numbers beyond 2^53 are compared as JavaScript reads them.
    const theirs = JSON.parse(run('bpftool', '-j', 'btf', 'dump', 'file', file)).types as object[];
    const own = JSON.parse(
      JSON.stringify(dumpJson(btf).types, (_, v) => (typeof v === 'bigint' ? Number(v) : v)),
    ) as object[];
    t.equal(own.length, theirs.length, `${file}: types`);
    const differs = own.findIndex((type, i) => JSON.stringify(type) !== JSON.stringify(theirs[i]));
    t.same(own[differs], theirs[differs], `${file}: first type that differs`);
  }
});

t.test('both byte orders hold the same types', async t => {
  for (const name of ['opensnoop', 'minimal', 'test-types']) {
    const [little, big] = ['', 'be/'].map(order => openBtf(join(folder, `${order}${name}.bpf.o`)));
    t.equal(big?.endian, 'big');
    t.same([...dumpRaw(big as Btf)], [...dumpRaw(little as Btf)], name);
  }
});
