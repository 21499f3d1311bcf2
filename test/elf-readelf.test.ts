import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type ElfFile, parseElf } from '../src/elf/index.js';
import { needs, run, which } from './live.js';
import { readelfRelocations, readelfSections, readelfSymbols } from './readelf.js';
import { repository } from './repository.js';

function objects(folder: string): string[] {
  return readdirSync(join(repository, folder))
    .filter(name => name.endsWith('.o'))
    .map(name => join(repository, folder, name));
}

function ourSections(elf: ElfFile): object[] {
  return elf.sections.map(s => ({
    index: s.index,
    name: s.name,
    type: s.type,
    addr: s.addr,
    offset: s.offset,
    size: s.size,
    entsize: s.entsize,
    flags: s.flags,
    link: s.link,
    info: s.info,
    addralign: s.addralign,
  }));
}

function ourSymbols(elf: ElfFile): string[] {
  const index: Record<number, string> = { 0: 'UND', 65521: 'ABS', 65522: 'COM' };
  return elf.symbols.map(s =>
    [
      s.value,
      s.size,
      String(s.type).toUpperCase(),
      String(s.bind).toUpperCase(),
      s.visibility.toUpperCase(),
      index[s.shndx] ?? s.shndx,
      s.name,
    ].join(' '),
  );
}

function ourRelocations(elf: ElfFile): string[] {
  return elf.sections
    .filter(table => table.type === 4 || table.type === 9)
    .flatMap(table =>
      elf
        .relocations(elf.sections[table.info]!)
        .map(
          r =>
            `${table.name}: ${r.offset} ${r.type} ${r.symbol.index}${r.addend === undefined ? '' : ` ${r.addend}`}`,
        ),
    );
}

function compare(t: Test, path: string): void {
  const elf = parseElf(readFileSync(path), path);
  t.same(ourSections(elf), readelfSections(path), 'sections');
  t.ok(elf.sections.length > 2);
  t.same(ourSymbols(elf), readelfSymbols(path), 'symbols');
  if (elf.type === 1) {
    t.same(ourRelocations(elf), readelfRelocations(path), 'relocations');
    t.ok(ourRelocations(elf).length > 0);
  }
}

t.test('fixtures of both byte orders read as readelf reads them', async t => {
  if (!needs(t, { tools: ['readelf'] })) return;
  const little = objects('fixtures');
  const big = objects('fixtures/be');
  t.ok(little.length >= 8 && big.length >= 2);
  for (const path of [...little, ...big]) t.test(path, async t => compare(t, path));
});

t.test('an executable reads as readelf reads it', async t => {
  if (!needs(t, { linux: true, tools: ['readelf'] })) return;
  compare(t, which('readelf')!);
});

t.test('a relocatable object with addends, of another machine, reads as readelf reads it', async t => {
  if (!needs(t, { tools: ['readelf', 'clang'] })) return;
  const folder = t.testdir();
  const source = join(folder, 'rela.c');
  writeFileSync(
    source,
    'extern int far(int); static int table[9]; int common; __attribute__((weak)) int *weak = &table[3];\n' +
      '__attribute__((visibility("hidden"))) int near(int i) { return far(table[i]) + *weak; }\n',
  );
  for (const target of ['x86_64', 'aarch64', 'powerpc64']) {
    const object = join(folder, `${target}.o`);
    run('clang', '-c', '-g', '-target', `${target}-linux-gnu`, source, '-o', object);
    t.test(target, async t => compare(t, object));
  }
});
