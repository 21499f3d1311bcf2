import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseElf } from '../src/elf/index.js';
import { FormatError } from '../src/errors/index.js';
import { eventTypeId, linkProgram, parseObject } from '../src/object/index.js';
import { fixtureBytes, repository } from './repository.js';

const objects = ['', 'be'].flatMap(folder =>
  readdirSync(join(repository, 'fixtures', folder))
    .filter(name => name.endsWith('.bpf.o'))
    .map(name => join(repository, 'fixtures', folder, name)),
);

/** A copy of a fixture with bytes changed. `at` finds the place. */
function changed(
  name: string,
  change: (bytes: Uint8Array, elf: ReturnType<typeof parseElf>) => void,
): Uint8Array {
  const bytes = Uint8Array.from(fixtureBytes(name));
  change(bytes, parseElf(bytes, name));
  return bytes;
}

/** Everything that is asked of an object before a kernel is. */
function readAll(bytes: Uint8Array): void {
  const spec = parseObject(bytes, { file: 'in.bpf.o' });
  for (const program of spec.programs) linkProgram(spec, program);
  for (const map of spec.maps) eventTypeId(spec, map);
}

t.test('an object cut short at every 64th byte', async t => {
  for (const path of objects) {
    const whole = readFileSync(path);
    let refused = 0;
    for (let length = 0; length < whole.length; length += 64) {
      try {
        readAll(whole.subarray(0, length));
        t.fail(`${path} cut to ${length} bytes was accepted`);
      } catch (error) {
        if (error instanceof FormatError && error.file === 'in.bpf.o') refused++;
        else t.fail(`${path} cut to ${length} bytes: ${String(error)}`);
      }
    }
    t.equal(refused, Math.ceil(whole.length / 64), `${path}: each a FormatError that names the file`);
  }
});

t.test('an object with any one byte of its tables damaged', async t => {
  for (const name of ['minimal', 'test-subprog']) {
    const whole = fixtureBytes(name);
    let refused = 0;
    for (let at = 0; at < whole.length; at += 7) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = (bytes[at] as number) ^ 0xff;
      try {
        readAll(bytes);
      } catch (error) {
        if (error instanceof FormatError) refused++;
        else t.fail(`${name} with byte ${at} inverted: ${(error as Error).stack}`);
      }
    }
    t.ok(refused > 100, `${name}: ${refused} refused, none with another error`);
  }
});

t.test('an object without BTF', async t => {
  // Only the names are taken away, so that everything else stays valid.
  const nameless = (name: string): Uint8Array =>
    changed(name, bytes => {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let at = text.indexOf('.BTF'); at >= 0; at = text.indexOf('.BTF', at + 1)) text.write('.XTF', at);
    });
  const minimal = parseObject(nameless('minimal'), { file: 'in.bpf.o' });
  t.match(minimal, { btf: undefined, btfExt: undefined, globals: [] });
  t.match(minimal.warnings, [/no BTF.*compile with -g/], 'needs none where it defines no maps');
  t.match(
    minimal.maps.map(m => [m.name, m.flags]),
    [['.rodata', 0x80]],
    'data maps do without',
  );
  t.throws(() => parseObject(nameless('opensnoop'), { file: 'in.bpf.o' }), {
    name: 'FormatError',
    section: '.maps',
    message:
      'in.bpf.o: .maps: maps are defined here, but the object has no BTF to tell their types: compile with -g',
  });
});

t.test('relocations that lead nowhere say which', async t => {
  const symbolAt = (elf: ReturnType<typeof parseElf>, name: string): number => {
    const symtab = elf.sections.find(s => s.type === 2);
    return (symtab?.offset ?? 0) + (elf.symbols.find(s => s.name === name)?.index ?? 0) * 24;
  };
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset);
  const sectionOf = (elf: ReturnType<typeof parseElf>, name: string) => elf.section(name)?.index ?? 0;

  const cases: [name: string, bytes: Uint8Array, message: RegExp][] = [
    [
      'a map that is not at the start of one',
      changed('opensnoop', (bytes, elf) => {
        view(bytes).setUint16(symbolAt(elf, 'LICENSE') + 6, sectionOf(elf, '.maps'), true);
        view(bytes).setUint32(symbolAt(elf, 'LICENSE') + 8, 8, true);
        for (const table of elf.sections.filter(s => s.name.startsWith('.reltracepoint')))
          for (let at = table.offset; at < table.offset + table.size; at += 16)
            if (view(bytes).getUint32(at + 12, true) === elf.symbols.find(s => s.name === 'start')?.index)
              view(bytes).setUint32(at + 12, elf.symbols.find(s => s.name === 'LICENSE')?.index ?? 0, true);
      }),
      /sys_enter_open\+0x110: relocation against LICENSE: no map is defined at byte 8 of \.maps/,
    ],
    [
      'a global in a section of no data',
      changed('minimal', (bytes, elf) => {
        view(bytes).setUint16(symbolAt(elf, 'pid_filter') + 6, sectionOf(elf, 'license'), true);
      }),
      /tp\/syscalls\/sys_enter_write\+0x10: relocation against pid_filter: refers to section license, which holds neither/,
    ],
    [
      'a common symbol',
      changed('minimal', (bytes, elf) =>
        view(bytes).setUint16(symbolAt(elf, 'pid_filter') + 6, 0xfff2, true),
      ),
      /pid_filter: the symbol is in special section 0xfff2: is a global variable not initialized\?/,
    ],
    [
      'a call into the middle of a function',
      changed('test-subprog', (bytes, elf) => {
        // Slot 10 of `several`, which stands at byte 88: call of the static `square`.
        const imm = (elf.section('raw_tp')?.offset ?? 0) + 88 + 10 * 8 + 4;
        view(bytes).setInt32(imm, view(bytes).getInt32(imm, true) + 1, true);
      }),
      /raw_tp\+0xa8: relocation against \.text: refers to byte 40 of \.text, where no function starts/,
    ],
    [
      'a function of half an instruction',
      changed('minimal', (bytes, elf) => view(bytes).setUint32(symbolAt(elf, 'handle_tp') + 16, 116, true)),
      /sys_enter_write\+0x0: function handle_tp: 116 bytes at 0 are not whole instructions of 8 bytes/,
    ],
    [
      'a relocation of an instruction that takes none',
      changed('minimal', (bytes, elf) => {
        const table = elf.sections.find(s => s.type === 9 && s.name.startsWith('.reltp'));
        view(bytes).setUint32(table?.offset ?? 0, 0, true);
      }),
      /relocation of an instruction with code 0x[0-9a-f]+, which is neither call nor ldimm64|call that is not to a function/,
    ],
    [
      'a relocation in the middle of an instruction',
      changed('minimal', (bytes, elf) => {
        const table = elf.sections.find(s => s.type === 9 && s.name.startsWith('.reltp'));
        view(bytes).setUint32(table?.offset ?? 0, 20, true);
      }),
      /sys_enter_write\+0x14: relocation against pid_filter: a relocation in the middle of an instruction/,
    ],
    [
      'an address beyond the data',
      changed('minimal', (bytes, elf) => {
        const code = elf.section('tp/syscalls/sys_enter_write');
        view(bytes).setUint32((code?.offset ?? 0) + 2 * 8 + 4, 1000, true);
      }),
      /pid_filter: refers to byte 1000 of \.rodata, which has only 47/,
    ],
    [
      'a function that ends inside ldimm64',
      changed('minimal', (bytes, elf) => {
        view(bytes).setUint32(symbolAt(elf, 'handle_tp') + 16, 24, true);
      }),
      /\+0x10: function handle_tp: the function ends in the middle of a 16-byte ldimm64/,
    ],
    [
      'no symbols at all',
      changed('minimal', (bytes, elf) => {
        const symtab = elf.sections.find(s => s.type === 2);
        const shoff = Number(view(bytes).getBigUint64(40, true));
        // A table of no known kind, and nothing that leans on it.
        for (const section of elf.sections)
          if (section === symtab || section.type === 9)
            view(bytes).setUint32(shoff + section.index * 64 + 4, 0x60000000, true);
      }),
      /there is no symbol table: was the file stripped\?/,
    ],
  ];
  for (const [name, bytes, message] of cases)
    t.throws(
      () => parseObject(bytes, { file: 'in.bpf.o' }),
      { name: 'FormatError', file: 'in.bpf.o', message },
      name,
    );
});

t.test('an object may have no programs', async t => {
  const bytes = changed('minimal', (bytes, elf) => {
    const code = elf.section('tp/syscalls/sys_enter_write');
    const shoff = Number(new DataView(bytes.buffer).getBigUint64(40, true));
    // Without SHF_EXECINSTR it is a section like any other.
    new DataView(bytes.buffer).setUint32(shoff + (code?.index ?? 0) * 64 + 8, 2, true);
  });
  t.same(parseObject(bytes).programs, []);
});

t.test('damaged BTF is done without where nothing is defined by it', async t => {
  const damage = (name: string) =>
    changed(name, (bytes, elf) => {
      const { data } = elf.section('.BTF') ?? { data: bytes };
      data[0] = 0;
    });
  const spec = parseObject(damage('test-arg-ctx'), { file: 'in.bpf.o' });
  t.equal(spec.btf, undefined);
  t.match(spec.warnings, [/^BTF is ignored: in\.bpf\.o: \.BTF/]);
  t.equal(spec.programs.length, 2);
  t.throws(() => parseObject(damage('opensnoop'), { file: 'in.bpf.o' }), {
    name: 'FormatError',
    section: '.BTF',
  });
});
