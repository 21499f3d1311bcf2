import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { command, node, rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { readelfRelocations, readelfSections, readelfSymbols } from './readelf.js';
import { fixture } from './repository.js';

interface Inspection {
  file: string;
  license: string;
  endian: string;
  programs: { name: string; section: string; type: string; insns: number; attachTarget?: string }[];
  maps: {
    name: string;
    kernelName: string;
    type: string;
    keySize: number;
    valueSize: number;
    maxEntries: number;
  }[];
  globals: { name: string; section: string; type: string; offset: number; size: number; value: unknown }[];
  externs: unknown[];
  coreRelocations: unknown[];
  sections: { index: number; name: string }[];
  symbols: {
    name: string;
    value: number;
    size: number;
    type: string;
    bind: string;
    visibility: string;
    section: string | null;
  }[];
  relocations: { section: string; offset: number; type: string; symbolIndex: number }[];
}

const objects = ['minimal', 'hello', 'hello-map', 'hello-buffer-config', 'hello-tail', 'opensnoop'];

function inspect(t: Test, object: string): Inspection {
  const { status, stdout, stderr } = rawbpf('inspect', fixture(object), '--json');
  t.equal(status, 0, stderr);
  t.equal(stderr, '');
  return JSON.parse(stdout);
}

t.test('opensnoop', async t => {
  const found = inspect(t, 'opensnoop');
  t.match(found, {
    file: fixture('opensnoop'),
    license: 'Dual BSD/GPL',
    endian: 'little',
    externs: [],
    coreRelocations: [],
  });
  t.match(found.programs[0], {
    name: 'tracepoint__syscalls__sys_enter_open',
    section: 'tracepoint/syscalls/sys_enter_open',
    type: 'tracepoint',
    attachType: null,
    attachTarget: 'syscalls/sys_enter_open',
  });
  t.match(
    found.maps.find(m => m.name === 'start'),
    { type: 'hash', keySize: 4, valueSize: 16, maxEntries: 10240, flags: 0, pinning: 'none' },
  );
  t.match(
    found.globals.map(g => [g.name, g.type, g.section, g.value]),
    [
      ['targ_pid', String, '.rodata', 0],
      ['targ_tgid', String, '.rodata', 0],
      ['targ_uid', String, '.rodata', 4294967295],
      ['targ_failed', String, '.rodata', false],
    ],
  );
});

t.test('agrees with readelf on programs, maps and globals', async t => {
  if (!needs(t, { tools: ['readelf'] })) return;
  for (const object of objects) {
    const found = inspect(t, object);
    const elf = run('readelf', '-SsrW', fixture(object));
    const sections = [...elf.matchAll(/^ +\[ *(\d+)\] (\S+) +(PROGBITS|NOBITS) .*? (A|WA|AX) /gm)];
    const sectionName = new Map(sections.map(([, index, name]) => [index, name]));
    const code = new Set(sections.filter(([, , , , flags]) => flags === 'AX').map(([, , name]) => name));
    const symbols = [
      ...elf.matchAll(
        /^ +\d+: ([0-9a-f]{16}) +(\d+) (FUNC|OBJECT) +(GLOBAL|LOCAL|WEAK) +\S+ +(\d+) (\S+)$/gm,
      ),
    ].map(([, value, size, type, bind, index, name]) => ({
      value: Number.parseInt(value ?? '', 16),
      size: Number(size),
      type,
      bind,
      section: sectionName.get(index) ?? '',
      name: name ?? '',
    }));

    t.same(
      found.programs.map(p => [p.name, p.section, p.insns * 8]).sort(),
      symbols
        .filter(s => s.type === 'FUNC' && code.has(s.section) && s.section !== '.text')
        .map(s => [s.name, s.section, s.size])
        .sort(),
      `programs of ${object}`,
    );
    t.same(
      found.maps
        .map(m => m.name)
        .filter(name => !name.startsWith('.'))
        .sort(),
      symbols
        .filter(s => s.section === '.maps')
        .map(s => s.name)
        .sort(),
      `maps of ${object}`,
    );
    t.same(
      found.globals.map(g => [g.name, g.section, g.offset, g.size]).sort(),
      symbols
        .filter(s => s.type === 'OBJECT' && s.bind !== 'LOCAL' && /^\.(rodata|data|bss)/.test(s.section))
        .map(s => [s.name, s.section, s.value, s.size])
        .sort(),
      `globals of ${object}`,
    );
  }
});

t.test('agrees with readelf -SsrW on sections, symbols and relocations', async t => {
  if (!needs(t, { tools: ['readelf'] })) return;
  for (const object of objects) {
    const { sections, symbols, relocations } = inspect(t, object);
    const theirs = readelfSections(fixture(object)) as Record<string, unknown>[];
    t.same(
      sections,
      theirs.map(({ addr: _, ...section }) => section),
      `${object}: sections`,
    );
    const special: Record<string, string> = { file: 'ABS', notype: 'UND' };
    t.same(
      symbols.map(s => {
        const ndx = s.section === null ? special[s.type] : sections.find(of => of.name === s.section)?.index;
        const words = [s.type, s.bind, s.visibility].map(word => word.toUpperCase());
        return [s.value, s.size, ...words, ndx, s.name].join(' ');
      }),
      readelfSymbols(fixture(object)),
      `${object}: symbols`,
    );
    t.same(
      relocations.map(r => `.rel${r.section}: ${r.offset} ${relocationTypes[r.type]} ${r.symbolIndex}`),
      readelfRelocations(fixture(object)),
      `${object}: relocations`,
    );
  }
});

t.test('sections in words, as readelf -SW has them', async t => {
  if (!needs(t, { tools: ['readelf'] })) return;
  for (const object of objects) {
    const { stdout } = rawbpf('inspect', '--elf', fixture(object));
    const [, text = ''] = stdout.split('\nSections\n');
    const ours = [
      ...text.matchAll(/^ +(\d+) +(\S+) +([A-Z_]+) +0x\w+ +0x\w+ +\d+ +([A-Z]*) +\d+ +\d+ +\d+$/gm),
    ];
    const theirs = [
      ...run('readelf', '-SW', fixture(object)).matchAll(
        /^ +\[ *(\d+)\] (\S+) +([A-Z_]+) +\w{16} \w+ \w+ \w+ +([A-Z]*) +\d+ +\d+ +\d+$/gm,
      ),
    ];
    t.ok(theirs.length > 5, object);
    t.same(
      // binutils has no name for LLVM's own type.
      ours.map(([, ...row]) => row).filter(([, , type]) => type !== 'LLVM_ADDRSIG'),
      theirs.map(([, ...row]) => row),
      object,
    );
  }
});

/** Relocation types by LLVM's numbers. */
const relocationTypes: Record<string, number> = {
  R_BPF_64_64: 1,
  R_BPF_64_ABS64: 2,
  R_BPF_64_ABS32: 3,
  R_BPF_64_NODYLD32: 4,
  R_BPF_64_32: 10,
};

t.test('agrees with what bpftool makes of it in the kernel', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'mount'] })) return;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-inspect-'));
  run('mount', '-t', 'bpf', 'bpf', folder);
  try {
    for (const object of ['minimal', 'hello-map', 'hello-buffer-config', 'hello-tail', 'opensnoop']) {
      const found = inspect(t, object);
      run(
        'bpftool',
        'prog',
        'loadall',
        fixture(object),
        join(folder, object),
        'pinmaps',
        join(folder, `${object}-maps`),
      );
      for (const { name, type } of found.programs) {
        const shown = JSON.parse(run('bpftool', '-j', 'prog', 'show', 'pinned', join(folder, object, name)));
        t.match(shown, { type, name: name.slice(0, 15) }, `program ${name}`);
      }
      for (const { name, type, keySize, valueSize, maxEntries, kernelName } of found.maps) {
        // bpffs takes no dot in a name: libbpf puts underscores.
        const pin = join(
          folder,
          `${object}-maps`,
          (name.startsWith('.') ? kernelName : name).replaceAll('.', '_'),
        );
        const shown = JSON.parse(run('bpftool', '-j', 'map', 'show', 'pinned', pin));
        t.match(
          shown,
          { type, name: kernelName, bytes_key: keySize, bytes_value: valueSize },
          `map ${name} of ${object}`,
        );
        if (type !== 'perf_event_array') t.equal(shown.max_entries, maxEntries, `max_entries of ${name}`);
      }
    }
  } finally {
    run('umount', folder);
    rmSync(folder, { recursive: true });
  }
});

t.test('an object of the other byte order', async t => {
  const little = inspect(t, 'opensnoop');
  const big = inspect(t, 'be/opensnoop');
  t.equal(big.endian, 'big');
  t.same(big.programs, little.programs);
  t.same(big.maps, little.maps);
  t.same(big.globals, little.globals);
});

t.test('for people: the same facts, without colours where there is no terminal', async t => {
  const { status, stdout, stderr } = rawbpf('inspect', fixture('opensnoop'));
  t.equal(status, 0, stderr);
  for (const word of [
    'Programs',
    'tracepoint__syscalls__sys_exit_openat',
    'Maps',
    'perf_event_array',
    'Globals',
    'targ_uid',
  ])
    t.match(stdout, word);
  t.notMatch(stdout, '\u001b');
});

t.test('offline commands do without the native library', async t => {
  const script = join(t.testdir({ 'loaded.cjs': nativeLibraries }), 'loaded.cjs');
  const loaded = (...args: string[]) => node('--require', script, command, ...args).stderr;
  for (const args of [
    ['inspect', fixture('opensnoop'), '--json'],
    ['disasm', fixture('opensnoop')],
    ['btf', 'dump', fixture('opensnoop')],
    ['plan', fixture('opensnoop')],
  ])
    t.notMatch(loaded(...args), 'koffi', args.join(' '));
  if (process.platform === 'linux')
    t.match(loaded('load', fixture('minimal')), 'koffi', 'the check sees it where it is loaded');
});

/** Prints the native libraries that a process has loaded, when it ends. */
const nativeLibraries = `process.on('exit', () => {
  console.error(process.report.getReport().sharedObjects.filter(name => /\\.node$/.test(name)).join('\\n'));
});`;
