import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  EM_BPF,
  parseElf,
  requireBpf,
  SHT_NOBITS,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
} from '../src/elf/index.js';
import { FormatError } from '../src/errors/index.js';
import { fixtureBytes, repository } from './repository.js';

const text = (s: string): Uint8Array => new TextEncoder().encode(s);

/** The FormatError that parsing throws; fails the test on anything else. */
function refusal(t: Test, bytes: Uint8Array, what: string): FormatError | undefined {
  try {
    requireBpf(parseElf(bytes, 'in.o'));
  } catch (error) {
    if (error instanceof FormatError) return error;
    t.fail(`${what}: ${String(error)}`);
    return undefined;
  }
  t.fail(`${what}: accepted`);
  return undefined;
}

t.test('what is not ELF is called by its name', async t => {
  const cases: [name: string, bytes: Uint8Array, message: RegExp][] = [
    ['empty', new Uint8Array(0), /^in\.o: the file is empty$/],
    ['three bytes', Uint8Array.of(0x7f, 0x45, 0x4c), /only 3 bytes long/],
    ['magic only', text('\x7fELF'), /ends inside the ELF header, after 4 of 64 bytes/],
    ['text', text('hello, world\nmore'), /a text file, not an ELF file: it begins with "hello, world"/],
    ['text in another script', text('안녕하세요 '.repeat(60)), /a text file/],
    ['HTML', text('\n<!DOCTYPE html><html>'), /an HTML page, not an ELF file/],
    ['HTML without doctype', text('<html><head>'), /an HTML page/],
    ['C', text('#include <linux/bpf.h>\n'), /source text.*clang -g -O2 -target bpf -c/],
    ['archive', text('!<arch>\nfoo.o/ '), /an ar archive.*extract the object/],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), /gzip data/],
    ['raw BTF', Uint8Array.of(0x9f, 0xeb, 1, 0), /raw BTF.*btf dump/],
    ['bitcode', Uint8Array.of(0x42, 0x43, 0xc0, 0xde), /LLVM bitcode.*llc/],
    ['zeros', new Uint8Array(100), /begins with 00 00 00 00/],
    ['noise', Uint8Array.of(1, 2, 3), /begins with 01 02 03/],
  ];
  for (const [name, bytes, message] of cases) t.match(refusal(t, bytes, name)?.message, message, name);
});

t.test('ELF files that are not BPF objects are called by their names', async t => {
  const patched = (at: number, ...values: number[]): Uint8Array => {
    const bytes = Uint8Array.from(fixtureBytes('minimal'));
    bytes.set(values, at);
    return bytes;
  };
  const cases: [name: string, bytes: Uint8Array, message: RegExp][] = [
    ['32-bit', patched(4, 1), /EI_CLASS: a 32-bit ELF file; BPF objects are 64-bit/],
    ['unknown class', patched(4, 9), /EI_CLASS: unknown ELF class 9/],
    ['unknown byte order', patched(5, 3), /EI_DATA: unknown byte order 3/],
    ['version', patched(6, 2), /EI_VERSION/],
    ['x86-64 object', patched(18, 62, 0), /e_machine: x86-64 relocatable object, not a BPF object/],
    ['ARM64 executable', patched(16, 2, 0, 183, 0), /AArch64 executable, not a BPF object/],
    ['unheard-of machine', patched(18, 0x34, 0x12), /machine 4660 relocatable object/],
    ['linked BPF', patched(16, 3, 0), /e_type: a BPF executable or shared library, not a relocatable object/],
    ['no sections', patched(40, 0, 0, 0, 0, 0, 0, 0, 0), /e_shoff: no section header table/],
  ];
  for (const [name, bytes, message] of cases) t.match(refusal(t, bytes, name)?.message, message, name);
  t.equal(parseElf(patched(18, 62, 0)).machine, 62, 'parseElf itself takes any machine');
  t.match(refusal(t, readFileSync(process.execPath), 'node')?.message, /not a BPF object|not an ELF file/);
});

/** Offsets of fields in a little-endian fixture, for breaking them. */
function opened(name: string) {
  const bytes = Uint8Array.from(fixtureBytes(name));
  const view = new DataView(bytes.buffer);
  const elf = parseElf(bytes, 'in.o');
  const shoff = Number(view.getBigUint64(40, true));
  const header = (section: string | number): number => {
    const found = elf.sections.find(s => s.name === section || s.type === section);
    if (!found) throw new Error(`${name} has no section ${section}`);
    return shoff + 64 * found.index;
  };
  const data = (section: string | number): number => Number(view.getBigUint64(header(section) + 24, true));
  return { bytes, view, header, data, count: elf.sections.length };
}

t.test('every broken field is named', async t => {
  type Opened = ReturnType<typeof opened>;
  const huge = 0xffffffffffffff00n;
  const cases: [name: string, damage: (o: Opened) => void, message: RegExp][] = [
    [
      'section table past the end',
      o => o.view.setBigUint64(40, BigInt(o.bytes.length - 64), true),
      /e_shoff: the section header table .* past the file's/,
    ],
    ['section table far past the end', o => o.view.setBigUint64(40, huge, true), /e_shoff/],
    [
      'more sections than there are',
      o => o.view.setUint16(60, 60000, true),
      /e_shoff: the section header table \(60000 headers\)/,
    ],
    ['extended numbering', o => o.view.setUint16(60, 0, true), /e_shnum: extended section numbering/],
    ['extended name table', o => o.view.setUint16(62, 0xffff, true), /extended section numbering/],
    ['header size', o => o.view.setUint16(58, 40, true), /e_shentsize: section headers of 40 bytes/],
    ['program header size', o => o.view.setUint16(56, 1, true), /e_phentsize/],
    [
      'program headers',
      o => {
        o.view.setUint16(56, 9, true);
        o.view.setUint16(54, 56, true);
        o.view.setBigUint64(32, huge, true);
      },
      /e_phoff: 9 program headers/,
    ],
    [
      'name table index',
      o => o.view.setUint16(62, o.count, true),
      /e_shstrndx: section \d+ of \d+ does not exist/,
    ],
    [
      'name table is none',
      o => o.view.setUint16(62, 2, true),
      /sh_type: the table of section names .* has type 1/,
    ],
    [
      'name table past the end',
      o => o.view.setBigUint64(o.header('.strtab') + 24, huge, true),
      /sh_offset: the section names end at byte/,
    ],
    [
      'section name',
      o => o.view.setUint32(o.header('.maps'), 99999, true),
      /section \d+: sh_name|section \d+\+0x0: sh_name: name at byte 99999 of the section-name table/,
    ],
    [
      'names without an end',
      o =>
        o.bytes.fill(
          0x61,
          o.data('.strtab'),
          o.data('.strtab') + Number(o.view.getBigUint64(o.header('.strtab') + 32, true)),
        ),
      /has no end \(NUL\)|without measure/,
    ],
    [
      'section data past the end',
      o => o.view.setBigUint64(o.header('.maps') + 24, BigInt(o.bytes.length - 1), true),
      /\.maps: sh_size: bytes \d+ to \d+ are past the end of the file/,
    ],
    [
      'section size past the end',
      o => o.view.setBigUint64(o.header('.BTF') + 32, huge, true),
      /\.BTF: sh_size/,
    ],
    [
      'symbol size',
      o => o.view.setBigUint64(o.header(SHT_SYMTAB) + 56, 0n, true),
      /\.symtab: sh_entsize: entries of 0 bytes, not 24/,
    ],
    [
      'symbol table size',
      o => o.view.setBigUint64(o.header(SHT_SYMTAB) + 32, 25n, true),
      /\.symtab: sh_size: 25 bytes are not a whole number/,
    ],
    [
      'symbol table link',
      o => o.view.setUint32(o.header(SHT_SYMTAB) + 40, 1000, true),
      /\.symtab: sh_link: section 1000 does not exist/,
    ],
    [
      'symbol names are none',
      o => o.view.setUint32(o.header(SHT_SYMTAB) + 40, 2, true),
      /\.symtab: sh_link: section 2 .* not SHT_STRTAB/,
    ],
    [
      'first global symbol',
      o => o.view.setUint32(o.header(SHT_SYMTAB) + 44, 9999, true),
      /\.symtab: sh_info/,
    ],
    [
      'two symbol tables',
      o => o.view.setUint32(o.header('.llvm_addrsig') + 4, SHT_SYMTAB, true),
      /\.llvm_addrsig: a second symbol table|\.symtab: a second symbol table/,
    ],
    [
      'symbol name',
      o => o.view.setUint32(o.data(SHT_SYMTAB) + 24, 88888, true),
      /\.symtab\+0x18: symbol 1: name at byte 88888/,
    ],
    [
      'symbol section',
      o => o.view.setUint16(o.data(SHT_SYMTAB) + 48 + 6, 500, true),
      /\.symtab\+0x30: symbol 2: is in section 500, but there are only/,
    ],
    [
      'symbol section elsewhere',
      o => o.view.setUint16(o.data(SHT_SYMTAB) + 48 + 6, 0xffff, true),
      /symbol 2: extended section numbering \(SHN_XINDEX\)/,
    ],
    [
      'symbol value',
      o => o.view.setBigUint64(o.data(SHT_SYMTAB) + 24 + 8, huge, true),
      /symbol 1: .* ends at byte/,
    ],
    [
      'relocation size',
      o => o.view.setBigUint64(o.header(SHT_REL) + 56, 0n, true),
      /\.rel.*: sh_entsize: entries of 0 bytes, not 16/,
    ],
    [
      'relocation table size',
      o => o.view.setBigUint64(o.header(SHT_REL) + 32, 17n, true),
      /\.rel.*: sh_size/,
    ],
    [
      'relocation link',
      o => o.view.setUint32(o.header(SHT_REL) + 40, 1, true),
      /\.rel.*: sh_link: section 1 .* not SHT_SYMTAB/,
    ],
    [
      'relocation target',
      o => o.view.setUint32(o.header(SHT_REL) + 44, 777, true),
      /\.rel.*: sh_info: applies to section 777/,
    ],
    [
      'relocation of nothing',
      o => o.view.setUint32(o.header(SHT_REL) + 44, 0, true),
      /\.rel.*: sh_info: applies to section 0/,
    ],
    [
      'relocation of a section without bytes',
      o => o.view.setUint32(o.header('tracepoint/syscalls/sys_enter_open') + 4, SHT_NOBITS, true),
      /relocation 0: applies to byte \d+ of tracepoint\S+, which has only 0 in the file/,
    ],
    [
      'relocation symbol',
      o => o.view.setUint32(o.data(SHT_REL) + 12, 4242, true),
      /\.rel\S+\+0x0: relocation 0: refers to symbol 4242, but there are only/,
    ],
    [
      'relocation offset',
      o => o.view.setBigUint64(o.data(SHT_REL), huge, true),
      /\.rel\S+: relocation 0: applies to byte \d+ of .*, which has only \d+/,
    ],
    [
      'last relocation',
      o =>
        o.view.setBigUint64(
          o.data(SHT_REL),
          BigInt(o.view.getBigUint64(o.header('tracepoint/syscalls/sys_enter_open') + 32, true)) - 3n,
          true,
        ),
      /relocation 0: applies to byte/,
    ],
  ];
  for (const [name, damage, message] of cases) {
    const broken = opened('opensnoop');
    damage(broken);
    t.match(refusal(t, broken.bytes, name)?.message, message, name);
  }
});

t.test('a file cut short at any 64th byte is refused, saying where', async t => {
  for (const folder of ['fixtures', 'fixtures/be'])
    for (const name of readdirSync(join(repository, folder)).filter(n => n.endsWith('.o'))) {
      const whole = new Uint8Array(readFileSync(join(repository, folder, name)));
      requireBpf(parseElf(whole, name));
      const kept = [];
      for (let length = 0; length < whole.length; length += 64) {
        const error = refusal(t, whole.subarray(0, length), `${name} cut at ${length}`);
        if (error?.file !== 'in.o') kept.push(length);
      }
      t.same(kept, [], `${folder}/${name}`);
    }
});

t.test('no change of a byte brings out anything but an ElfFile or a FormatError', async t => {
  const every = [0, 1, 0x7f, 0x80, 0xff];
  for (const [name, values] of [
    ['minimal', every],
    ['be/minimal', every],
    ['be/opensnoop', [0xff]],
  ] as const) {
    const whole = fixtureBytes(name);
    let refused = 0;
    const bytes = Uint8Array.from(whole);
    for (let at = 0; at < bytes.length; at++)
      for (const value of values) {
        bytes[at] = value;
        try {
          const elf = parseElf(bytes, name);
          for (const section of elf.sections) elf.relocations(section);
          requireBpf(elf);
        } catch (error) {
          if (!(error instanceof FormatError)) {
            t.fail(`${name}: byte ${at} = ${value}: ${String((error as Error).stack)}`);
            return;
          }
          refused++;
        }
        bytes[at] = whole[at] as number;
      }
    t.ok(
      refused > bytes.length / 8,
      `${name}: ${refused} of ${bytes.length * values.length} changes refused`,
    );
  }
});

t.test('names that overlap without measure do not make a small file a large one', async t => {
  // 4,000 sections, each named by nearly all of a 256 KiB string.
  const sections = 4000;
  const stringSize = 256 * 1024;
  const bytes = new Uint8Array(64 + sections * 64 + stringSize);
  const view = new DataView(bytes.buffer);
  bytes.set(fixtureBytes('minimal').subarray(0, 64));
  view.setBigUint64(40, 64n, true);
  view.setUint16(60, sections, true);
  view.setUint16(62, 1, true);
  view.setUint32(64 + 64 + 4, SHT_STRTAB, true);
  view.setBigUint64(64 + 64 + 24, BigInt(64 + sections * 64), true);
  view.setBigUint64(64 + 64 + 32, BigInt(stringSize), true);
  bytes.fill(0x61, 64 + sections * 64, bytes.length - 1);
  for (let i = 0; i < sections; i++) view.setUint32(64 + 64 * i, i, true);
  const start = performance.now();
  t.match(refusal(t, bytes, 'overlapping names')?.message, /names overlap without measure/);
  t.ok(performance.now() - start < 5000);
});

t.test('.bss has a size and no bytes', async t => {
  const elf = parseElf(fixtureBytes('test-types'), 'test-types.bpf.o');
  t.equal(elf.machine, EM_BPF);
  const bss = elf.section('.bss');
  t.equal(bss?.type, SHT_NOBITS);
  t.ok((bss?.size ?? 0) > 200);
  t.equal(bss?.data.length, 0);
  const data = elf.section('.data');
  t.equal(data?.data.length, data?.size);
});

t.test('section data are views of the input, wherever it starts in its buffer', async t => {
  const whole = fixtureBytes('minimal');
  const moved = new Uint8Array(whole.length + 100);
  moved.set(whole, 37);
  const bytes = moved.subarray(37, 37 + whole.length);
  const elf = parseElf(bytes, 'moved.o');
  t.same(elf.symbols, parseElf(whole).symbols);
  for (const section of elf.sections.filter(s => s.data.length > 0)) {
    t.equal(section.data.buffer, moved.buffer, section.name);
    t.equal(section.data.byteOffset, 37 + section.offset, section.name);
  }
});

t.test('both byte orders hold the same', async t => {
  const shape = (name: string) => {
    const elf = parseElf(fixtureBytes(name), name);
    return {
      sections: elf.sections.map(s => [
        s.name,
        s.type,
        s.flags,
        s.size,
        s.link,
        s.info,
        s.addralign,
        s.entsize,
      ]),
      symbols: elf.symbols.map(s => [s.name, s.value, s.size, s.bind, s.type, s.visibility, s.shndx]),
      relocations: elf.sections.map(s => elf.relocations(s).map(r => [r.offset, r.type, r.symbol.name])),
    };
  };
  t.equal(parseElf(fixtureBytes('be/test-subprog')).endian, 'big');
  t.same(shape('be/test-subprog'), shape('test-subprog'));
  const named = parseElf(fixtureBytes('test-subprog')).symbols;
  t.match(
    named.find(s => s.name === 'weak_twice'),
    { bind: 'weak', type: 'func' },
  );
  t.match(
    named.find(s => s.name === 'hidden_minus'),
    { bind: 'global', visibility: 'hidden' },
  );
  t.match(
    named.find(s => s.name === 'square'),
    { bind: 'local', type: 'func', section: { name: '.text' } },
  );
});
