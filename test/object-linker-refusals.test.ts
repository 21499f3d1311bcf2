import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { encodeBtf } from '../src/btf/index.js';
import { type NewSection, SHF_EXECINSTR, SHT_PROGBITS, writeElf } from '../src/elf/index.js';
import { linkObjects } from '../src/object/index.js';
import { compile } from './compile.js';
import { bpftoolLink } from './linked-object.js';
import { needs, run } from './live.js';
import { fixture, repository } from './repository.js';

const tools = ['clang', 'bpftool'];
const prelude = `
#define __weak __attribute__((weak))
#define __noinline __attribute__((noinline))
static void *(*lookup)(void *, void *) = (void *)1;
`;
const use = (expression: string) => `SEC("raw_tp") int use(void *ctx) { return ${expression}; }`;
const extern = (map: string) =>
  `extern struct { ${map} } m SEC(".maps"); SEC("raw_tp") int use(void *ctx) { u32 k = 0; return lookup(&m, &k) != 0; }`;
const defined = (map: string) => `struct { ${map} } m SEC(".maps");`;

function linkSources(t: Test, ...sources: string[]) {
  const paths = sources.map((source, i) => compile(t, prelude + source, `${'ab'[i]}`));
  return { paths, link: () => linkObjects(paths.map(path => ({ file: path, bytes: readFileSync(path) }))) };
}

const refused: Record<string, readonly [first: string, second: string, subject: string, reason: RegExp]> = {
  'two strong definitions': [
    '__noinline int f(int x) { return x; }',
    '__noinline int f(int x) { return x + 1; }',
    'symbol f',
    /^.*\/b\.bpf\.o: symbol f: .*\/a\.bpf\.o defines it, too: make one of them static, weak or extern$/,
  ],
  'other parameters': [
    `int f(int, int); ${use('f(1, 2)')}`,
    '__noinline int f(int x) { return x; }',
    'symbol f',
    /it takes 1 parameter here and 2 in .*a\.bpf\.o: give both the same type$/,
  ],
  'a parameter of another type': [
    `struct s { int a; }; int f(struct s *); ${use('f(0)')}`,
    'struct r { int a; }; __noinline int f(struct r *p) { return p ? p->a : 0; }',
    'symbol f',
    /parameter 1: it is struct r here and struct s in/,
  ],
  'another result': [
    `u64 f(int); ${use('f(1)')}`,
    '__noinline int f(int x) { return x; }',
    'symbol f',
    /what it returns: it is int here and unsigned long long in/,
  ],
  'a variable that is a function elsewhere': [
    `extern int f; ${use('f')}`,
    '__noinline int f(int x) { return x; }',
    'symbol f',
    /it is a function here and a variable in/,
  ],
  'a struct with another member': [
    `extern struct s { int a; int b; } v; ${use('v.b')}`,
    'struct s { int a; int c; } v = { 1, 2 };',
    'symbol v',
    /member 2 of struct s is c here and b in/,
  ],
  'a struct with more members': [
    `extern struct s { int a; } v; ${use('v.a')}`,
    'struct s { int a; int c; } v = { 1, 2 };',
    'symbol v',
    /struct s has 2 members here and 1 in/,
  ],
  'a member elsewhere': [
    `extern struct s { int a; int b; } v; ${use('v.b')}`,
    'struct s { int a; int b __attribute__((aligned(8))); } v = { 1, 2 };',
    'symbol v',
    /struct s, member b: it is at bit 64 here and at bit 32 in/,
  ],
  'an enum of another size': [
    `extern enum e { A } v; ${use('v')}`,
    'enum e { A, B = 0x100000000 } v = 1;',
    'symbol v',
    /it is /,
  ],
  'a map of another type': [
    extern('__uint(type, 1); __uint(max_entries, 4); __type(key, u32); __type(value, u64);'),
    defined('__uint(type, 2); __uint(max_entries, 4); __type(key, u32); __type(value, u64);'),
    'symbol m',
    /its type is 2 here and 1 in/,
  ],
  'a map of another size': [
    extern('__uint(type, 1); __uint(max_entries, 4); __type(key, u32); __type(value, u64);'),
    defined('__uint(type, 1); __uint(max_entries, 8); __type(key, u32); __type(value, u64);'),
    'symbol m',
    /its max_entries is 8 here and 4 in/,
  ],
  'a map with values of another type': [
    extern('__uint(type, 1); __uint(max_entries, 4); __type(key, u32); __type(value, u64);'),
    defined('__uint(type, 1); __uint(max_entries, 4); __type(key, u32); __type(value, struct { u64 a; });'),
    'symbol m',
    /value: it is struct \(anon\) here and unsigned long long in/,
  ],
  'a map with a size for a type': [
    extern('__uint(type, 1); __uint(max_entries, 4); __uint(key_size, 4); __type(value, u64);'),
    defined('__uint(type, 1); __uint(max_entries, 4); __type(key, u32); __type(value, u64);'),
    'symbol m',
    /its key type is given here and not given in/,
  ],
  'another license': [
    use('0'),
    'char MORE[] SEC("license") = "BSD"; __noinline int f(int x) { return x; }',
    'section license',
    /it differs from that of .*a\.bpf\.o: one object has one license/,
  ],
  'sections of one name that differ': [
    'const volatile int a SEC(".data.x") = 1;',
    'int b SEC(".data.x") = 1;',
    'section .data.x',
    /sh_flags is 0x3 here and 0x2 in .*a\.bpf\.o: sections of one name are joined/,
  ],
};

for (const [name, [first, second, subject, message]] of Object.entries(refused))
  t.test(name, async t => {
    if (!needs(t, { tools })) return;
    const { paths, link } = linkSources(t, first, second);
    t.throws(link, { name: 'ObjectError', file: paths[1], subject, message });
    t.throws(() => bpftoolLink(t, ...paths), /failed to link/, 'bpftool refuses it, too');
  });

t.test('what cannot be linked at all', async t => {
  if (!needs(t, { tools })) return;
  const fixtureFile = { file: 'minimal.bpf.o', bytes: readFileSync(fixture('minimal')) };
  const big = {
    file: 'big.bpf.o',
    bytes: readFileSync(join(repository, 'fixtures/be/minimal.bpf.o')),
  };
  t.throws(() => linkObjects([fixtureFile, big]), {
    name: 'ObjectError',
    message: 'big.bpf.o: byte order: big-endian, but minimal.bpf.o is little-endian',
  });
  t.throws(() => linkObjects([fixtureFile, { file: 'a.c', bytes: new TextEncoder().encode('int f;') }]), {
    name: 'FormatError',
    message: /^a\.c: a text file, not an ELF file/,
  });
  t.throws(() => linkObjects([]), { name: 'TypeError', message: 'no objects to link' });

  const build = (source: string, ...options: string[]) => {
    const object = compile(t, '');
    const file = object.replace(/\.bpf\.o$/, '.c');
    writeFileSync(file, source);
    run('clang', '-O2', '-target', 'bpf', ...options, '-c', file, '-o', object);
    return () => linkObjects([{ file: 'b.bpf.o', bytes: readFileSync(object) }]);
  };
  t.throws(build('int f(void *p) { return 0; }'), {
    name: 'ObjectError',
    message: 'b.bpf.o: symbol f: it has no BTF, without which it cannot be linked: compile with -g',
  });
  t.throws(build('int v; int f(void *p) { return v; }', '-g', '-fcommon'), {
    name: 'FormatError',
    message:
      'b.bpf.o: .symtab: symbol v: a common symbol, which has no section yet: compile with -fno-common',
  });
  t.throws(() => linkObjects([{ file: 'b.bpf.o', bytes: twiceDefined() }]), {
    name: 'FormatError',
    message: 'b.bpf.o: .symtab: symbol f: is in the symbol table twice',
  });
  t.throws(build('__attribute__((aligned(1 << 28))) int v = 1;', '-g'), {
    name: 'FormatError',
    message: /\.data: sh_addralign: an alignment of 268435456/,
  });
});

/** An object whose symbol table lists one function twice, as no compiler does. */
function twiceDefined(): Uint8Array {
  const section = (name: string, flags: number, data: Uint8Array): NewSection => ({
    name,
    type: SHT_PROGBITS,
    flags,
    addralign: 8,
    entsize: 0,
    data,
    size: data.length,
  });
  const code = section('raw_tp', SHF_EXECINSTR, new Uint8Array(8));
  const btf = encodeBtf(
    [
      { kind: 'func_proto', id: 1, name: '', type: 0, params: [] },
      { kind: 'func', id: 2, name: 'f', type: 1, linkage: 'global' },
    ],
    'little',
  );
  const symbol = { name: 'f', bind: 'weak', type: 'func', visibility: 'default', section: code } as const;
  return writeElf({
    endian: 'little',
    flags: 0,
    sections: [code, section('.BTF', 0, btf)],
    symbols: [
      { ...symbol, value: 0, size: 8 },
      { ...symbol, value: 0, size: 8 },
    ],
    relocations: new Map(),
  });
}
