import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { Btf, dumpC } from '../src/btf/index.js';
import { parseElf } from '../src/elf/index.js';
import { CFolder, layoutAssertions, members, type PlacedMember } from './c-layout.js';
import { needs, run } from './live.js';
import { repository } from './repository.js';

// Compilers are slow on whole kernels.
t.setTimeout(240_000);

const compilers = [
  ['gcc', '-std=gnu11', '-fmax-errors=0'],
  ['clang', '-target', 'bpf', '-ferror-limit=0'],
];

function openBtf(path: string, base?: Btf): Btf {
  const bytes = readFileSync(path);
  const data = bytes[0] === 0x7f ? parseElf(bytes, path).section('.BTF')?.data : bytes;
  return Btf.parse(data ?? new Uint8Array(), { file: path, ...(base ? { base } : {}) });
}

/** The fixtures, the running kernel, and the kernels that scripts/vm/get-kernel.sh has unpacked. */
function sources(): string[] {
  const folder = join(repository, 'fixtures');
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rawbpf/kernels');
  const kernels = existsSync(cache) ? readdirSync(cache).map(suite => join(cache, suite, 'vmlinux')) : [];
  return [
    ...readdirSync(folder)
      .filter(name => name.endsWith('.o'))
      .map(name => join(folder, name)),
    ...['/sys/kernel/btf/vmlinux', ...kernels].filter(existsSync),
  ];
}

t.test('headers hold to the layout in BTF, as those of bpftool do', async t => {
  if (!needs(t, { tools: ['bpftool', 'gcc', 'clang'] })) return;
  for (const source of sources()) {
    using folder = new CFolder();
    const btf = openBtf(source);
    const theirHeader = run('bpftool', 'btf', 'dump', 'file', source, 'format', 'c');
    const declared = new Set(theirHeader.match(/\w+/g));
    // An enum without a name that only undeclared types refer to, as that of a local variable, is in neither header.
    const assertions = layoutAssertions(btf)
      .filter(line => {
        const enumerator = /^_Static_assert\((\w+) ==/.exec(line)?.[1];
        return enumerator === undefined || declared.has(enumerator);
      })
      .join('\n');
    folder.write('ours.h', [...dumpC(btf)].join('\n'));
    folder.write('theirs.h', theirHeader);
    const text = assertions.split('\n');
    for (const compiler of compilers) {
      const ours = folder.write('ours.c', `#include "ours.h"\n${assertions}`);
      const { lines, first } = folder.errors(compiler, ours);
      t.equal(lines.length, 0, `${basename(source)}, ${compiler[0]}: ${text[(lines[0] ?? 0) - 2]} ${first}`);
      const theirs = folder.write('theirs.c', `#include "theirs.h"\n${assertions}`);
      const wrong = folder.errors(compiler, theirs).lines;
      // libbpf 1.1 misses small enums, packed bit-fields and the padding of unions, and so the structs that hold them.
      t.comment(
        `${basename(source)}: ${wrong.length} of ${text.length} do not hold for the header of bpftool`,
      );
      t.ok(wrong.length * 10 <= text.length);
    }
  }
});

t.test('types that share a name are numbered as bpftool numbers them', async t => {
  if (!needs(t, { tools: ['bpftool', 'gcc'] })) return;
  for (const source of sources()) {
    using folder = new CFolder();
    const ours = folder.write('ours.h', [...dumpC(openBtf(source))].join('\n'));
    const theirs = folder.write('theirs.h', run('bpftool', 'btf', 'dump', 'file', source, 'format', 'c'));
    const names = definitions(readFileSync(ours, 'utf8'));
    t.same(names, definitions(readFileSync(theirs, 'utf8')), basename(source));
    const sizes = names
      .filter(name => name.includes('___'))
      .map(name => `sizeof(${name}), _Alignof(${name}),`);
    const [own, other] = [ours, theirs].map(header => {
      const file = folder.write(
        'sizes.c',
        `#include "${header}"\nunsigned long sizes[] = {${sizes.join(' ')} 0};`,
      );
      return run('gcc', '-w', '-S', '-o', '-', file);
    });
    t.equal(own, other, basename(source));
  }
});

function definitions(header: string): string[] {
  return [...header.matchAll(/^((?:struct|union|enum) \w+) \{/gm)].map(([, name]) => name as string).sort();
}

t.test('bit-fields come back from clang where they were', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  for (const source of sources()) {
    using folder = new CFolder();
    const btf = openBtf(source);
    const wanted = new Map(structs(btf).filter(([, all]) => all.some(m => m.bitSize)));
    folder.write('ours.h', [...dumpC(btf)].join('\n'));
    const variables = [...wanted.keys()].map((name, i) => `${name} v${i};`);
    const file = folder.write('ours.c', `#include "ours.h"\n${variables.join('\n')}`);
    t.equal(folder.errors(['clang', '-g', '-target', 'bpf'], file).first, '');
    if (wanted.size === 0) continue;
    const again = new Map(structs(openBtf(`${file}.o`)));
    for (const [name, all] of wanted)
      if (JSON.stringify(again.get(name)) !== JSON.stringify(all))
        t.same(again.get(name), all, `${source}: ${name}`);
    t.ok(again.size >= wanted.size, `${basename(source)}: ${wanted.size} types with bit-fields`);
  }
});

/** Named structs and unions of a name of their own, with their members. */
function structs(btf: Btf): [name: string, members: PlacedMember[]][] {
  const all: [string, PlacedMember[]][] = [];
  for (let id = 1; id < btf.endId; id++) {
    const type = btf.type(id);
    if (type.kind !== 'struct' && type.kind !== 'union') continue;
    if (type.name && btf.findAllByName(type.name).length === 1)
      all.push([`${type.kind} ${type.name}`, [...members(btf, type)]]);
  }
  return all;
}
