import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  type NewElf,
  type NewSection,
  type NewSymbol,
  parseElf,
  R_BPF_64_64,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHN_ABS,
  SHN_UNDEF,
  SHT_NOBITS,
  SHT_PROGBITS,
  writeElf,
} from '../src/elf/index.js';
import { needs, run } from './live.js';
import { readelfRelocations, readelfSections, readelfSymbols } from './readelf.js';

const section = (name: string, data: number[], more: Partial<NewSection> = {}): NewSection => ({
  name,
  type: SHT_PROGBITS,
  flags: SHF_ALLOC,
  addralign: 1,
  entsize: 0,
  data: Uint8Array.from(data),
  size: data.length,
  ...more,
});
const symbol = (name: string, more: Partial<NewSymbol>): NewSymbol => ({
  name,
  value: 0,
  size: 0,
  bind: 'local',
  type: 'notype',
  visibility: 'default',
  section: SHN_UNDEF,
  ...more,
});

const code = section(
  'xdp/größe',
  [0x18, 1, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0],
  {
    flags: SHF_ALLOC | SHF_EXECINSTR,
    addralign: 8,
  },
);
const data = section('.data', [1, 2, 3], { flags: SHF_ALLOC | SHF_WRITE });
const bss = section('.bss', [], {
  type: SHT_NOBITS,
  flags: SHF_ALLOC | SHF_WRITE,
  addralign: 4096,
  size: 5000,
});
const far = symbol('far', { bind: 'weak', visibility: 'hidden' });
const own = symbol('.data', { type: 'section', section: data });

function elf(endian: NewElf['endian'], more: Partial<NewElf> = {}): NewElf {
  return {
    endian,
    flags: 3,
    sections: [code, data, bss],
    symbols: [
      symbol('main', { bind: 'global', type: 'func', size: 24, section: code }),
      symbol('a.c', { type: 'file', section: SHN_ABS }),
      far,
      own,
      symbol('zero', { type: 'object', value: 8, size: 4, section: bss }),
    ],
    relocations: new Map([
      [
        code,
        [
          { offset: 0, type: R_BPF_64_64, symbol: own },
          { offset: 0, type: R_BPF_64_64, symbol: far },
        ],
      ],
    ]),
    ...more,
  };
}

function write(t: Test, bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-elf-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'written.o');
  writeFileSync(path, bytes);
  return path;
}

for (const endian of ['little', 'big'] as const)
  t.test(`readelf reads what is written ${endian}-endian`, async t => {
    if (!needs(t, { tools: ['readelf'] })) return;
    const bytes = writeElf(elf(endian));
    const path = write(t, bytes);
    const header = run('readelf', '-hW', path);
    t.match(header, new RegExp(`Data: .*${endian} endian`));
    t.match(header, /Type:\s+REL/);
    t.match(header, /Machine:\s+Linux BPF/);
    t.match(header, /Flags:\s+0x3/);
    t.equal(run('sh', '-c', `readelf -aW ${path} 2>&1 >/dev/null`), '', 'without a warning');
    t.match(readelfSections(path), [
      { name: '' },
      { name: '.strtab', type: 3, addralign: 1 },
      { name: '.symtab', type: 2, size: 6 * 24, entsize: 24, link: 1, info: 4, addralign: 8 },
      { name: /^xdp/, type: 1, flags: 6, size: 24, addralign: 8 },
      { name: '.data', type: 1, flags: 3, size: 3, addralign: 1 },
      { name: '.bss', type: 8, flags: 3, size: 5000, addralign: 4096 },
      { name: /^\.relxdp/, type: 9, size: 32, entsize: 16, link: 2, info: 3, addralign: 8 },
    ]);
    t.same(
      readelfSymbols(path),
      [
        '0 0 NOTYPE LOCAL DEFAULT UND ',
        '0 0 FILE LOCAL DEFAULT ABS a.c',
        '0 0 SECTION LOCAL DEFAULT 4 .data',
        '8 4 OBJECT LOCAL DEFAULT 5 zero',
        '0 24 FUNC GLOBAL DEFAULT 3 main',
        '0 0 NOTYPE WEAK HIDDEN UND far',
      ],
      'local symbols come first',
    );
    t.match(readelfRelocations(path), [/: 0 1 2$/, /: 0 1 5$/]);

    const parsed = parseElf(bytes);
    t.equal(parsed.section('xdp/größe')?.data.join(), code.data.join());
    t.equal(parsed.section('.data')?.data.join(), '1,2,3');
  });

t.test('what cannot be written', async t => {
  const stray = section('.stray', []);
  t.throws(() => writeElf(elf('little', { symbols: [own, far, symbol('s', { section: stray })] })), {
    name: 'RangeError',
    message: 'symbol s: its section is not written',
  });
  t.throws(() => writeElf(elf('little', { symbols: [] })), {
    name: 'RangeError',
    message: 'a relocation against .data, which is not written',
  });
  const many = Array.from({ length: 0xff00 }, (_, i) => section(`s${i}`, []));
  t.throws(() => writeElf(elf('little', { sections: many, symbols: [], relocations: new Map() })), {
    name: 'RangeError',
    message: /^65283 sections; one file can have 65279/,
  });
});
