import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { hostEndian } from '../src/abi/index.js';
import { Btf, dumpC, dumpJson, dumpRaw, encodeBtf } from '../src/btf/index.js';
import { exactJson } from '../src/cli/exact-json.js';
import { parseElf } from '../src/elf/index.js';
import { needs, run } from './live.js';
import { intType } from './make-types.js';
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

    const json = run('bpftool', '-j', 'btf', 'dump', 'file', file).trimEnd();
    t.ok(compact(exactJson(dumpJson(btf))) === json, `${file}: the text of the JSON`);
  }
});

/** Without the white space between tokens; no name holds any. */
function compact(json: string): string {
  return json.replace(/\n */g, '').replaceAll('": ', '":');
}

t.test('split BTF is dumped as bpftool dumps it', async t => {
  if (!needs(t, { tools: ['bpftool'] })) return;
  const modules = kernelModules();
  if (modules.length === 0) return t.comment('no kernel with modules is unpacked: only made-up split BTF');
  for (const { base, module } of modules) {
    const own = dumpRaw(Btf.parse(openBtf(module).bytes, { base: openBtf(base) }));
    const theirs = run('bpftool', '-B', base, 'btf', 'dump', 'file', module, 'format', 'raw');
    t.ok([...own].join('\n') === theirs.trimEnd(), module);
  }
});

t.test('made-up split BTF is dumped as bpftool dumps it', async t => {
  if (!needs(t, { tools: ['bpftool'] })) return;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-split-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const base = encodeBtf([intType, { id: 0, kind: 'fwd', name: 'task_struct', of: 'struct' }], hostEndian);
  const member = { name: 'count', type: 1, bitOffset: 0, bitSize: 0 };
  const split = encodeBtf(
    [
      { id: 0, kind: 'ptr', name: '', type: 2 },
      { id: 0, kind: 'struct', name: 'state', size: 4, kindFlag: false, members: [member] },
      { id: 0, kind: 'typedef', name: 'state_t', type: 4 },
    ],
    hostEndian,
    Btf.parse(base),
  );
  const [baseFile, splitFile] = [join(folder, 'base'), join(folder, 'split')] as const;
  writeFileSync(baseFile, base);
  writeFileSync(splitFile, split);
  const btf = Btf.parse(split, { base: Btf.parse(base) });
  const bpftool = (format: string): string =>
    run('bpftool', '-B', baseFile, 'btf', 'dump', 'file', splitFile, 'format', format).trimEnd();
  t.equal([...dumpRaw(btf)].join('\n'), bpftool('raw'));
  t.equal([...dumpC(btf)].join('\n').trimEnd(), bpftool('c'));
  t.equal(
    compact(exactJson(dumpJson(btf))),
    run('bpftool', '-B', baseFile, '-j', 'btf', 'dump', 'file', splitFile).trimEnd(),
  );
});

/** A few modules, spread over all, of each kernel that scripts/vm/get-kernel.sh has unpacked. */
function kernelModules(): { base: string; module: string }[] {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rawbpf/kernels');
  if (!existsSync(cache)) return [];
  return readdirSync(cache).flatMap(suite => {
    const folder = join(cache, suite, 'lib/modules');
    const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
      name.endsWith('.ko'),
    );
    const base = join(cache, suite, 'vmlinux');
    return all
      .filter((_, i) => i % 500 === 7)
      .map(name => ({ base, module: join(folder, name) }))
      .filter(({ module }) => parseElf(readFileSync(module), module).section('.BTF'));
  });
}

t.test('both byte orders hold the same types', async t => {
  for (const name of ['opensnoop', 'minimal', 'test-types']) {
    const [little, big] = ['', 'be/'].map(order => openBtf(join(folder, `${order}${name}.bpf.o`)));
    t.equal(big?.endian, 'big');
    t.same([...dumpRaw(big as Btf)], [...dumpRaw(little as Btf)], name);
  }
});
