import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  findFunction,
  globMatcher,
  matchFunctions,
  openUserElf,
  type ReadAt,
  readAtOf,
  type UserElf,
  type UserFunction,
  userFunctions,
} from '../src/elf/index.js';
import { FormatError } from '../src/index.js';
import { needs, run } from './live.js';
import { fixtureBytes } from './repository.js';

/** Opens a file and reads what is asked of it. */
function open(t: Test, path: string): { elf: UserElf; bytesRead: () => number } {
  const fd = openSync(path, 'r');
  t.teardown(() => closeSync(fd));
  let total = 0;
  const input: ReadAt = {
    size: fstatSync(fd).size,
    readAt(offset, length) {
      const bytes = new Uint8Array(length);
      const read = readSync(fd, bytes, 0, length, offset);
      total += read;
      return bytes.subarray(0, read);
    },
  };
  return { elf: openUserElf(input, path), bytesRead: () => total };
}

interface Peer {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
}

/** The functions of a table as readelf has them, with their place in the file by the section they are in. */
function readelfFunctions(path: string, table: '.dynsym' | '.symtab'): Peer[] {
  const sections = [
    ...run('readelf', '-SW', path).matchAll(/^ +\[ *(\d+)\] +\S+ +\S+ +([0-9a-f]+) ([0-9a-f]+)/gm),
  ].map(([, index, addr, offset]) => [index, parseInt(offset!, 16) - parseInt(addr!, 16)] as const);
  const delta = new Map(sections);
  const [, text = ''] = run('readelf', '-sW', path).split(`Symbol table '${table}'`);
  return [
    ...text
      .split('Symbol table')[0]!
      .matchAll(/^ +\d+: ([0-9a-f]+) +\S+ (FUNC|IFUNC) +\w+ +\w+ +(?:\[.*?\] +)?(\d+) (\S+)(?: \(\d+\))?$/gm),
  ].map(([, value, type, section, name]) => ({
    name: name!,
    type: type!,
    offset: parseInt(value!, 16) + delta.get(section)!,
  }));
}

function compared(path: string, elf: UserElf, table: 'dynsym' | 'symtab'): [string[], string[]] {
  const line = (name: string, type: string, offset: number) => `${name} ${type} ${offset.toString(16)}`;
  const ours = userFunctions(elf, table, () => true).map(f => {
    const version = f.version ? `${f.isDefault ? '@@' : '@'}${f.version}` : '';
    return line(f.name + version, f.indirect ? 'IFUNC' : 'FUNC', f.offset);
  });
  const theirs = readelfFunctions(path, `.${table}`).map(f => line(f.name, f.type, f.offset));
  return [ours.sort(), theirs.sort()];
}

function libc(): string {
  const path = run('ldd', '/bin/ls').match(/libc\.so\.6 => (\S+)/)?.[1];
  if (!path) throw new Error('/bin/ls does without a libc');
  return path;
}

t.test('functions of libc, versions and all, are where readelf says', async t => {
  if (!needs(t, { linux: true, tools: ['readelf', 'ldd'] })) return;
  const path = libc();
  const { elf } = open(t, path);
  const [ours, theirs] = compared(path, elf, 'dynsym');
  t.ok(theirs.length > 1500, `${theirs.length} functions`);
  t.same(ours, theirs);
  const malloc = findFunction(elf, 'malloc') as UserFunction;
  t.match(malloc, { name: 'malloc', isDefault: true, indirect: false });
  t.same(findFunction(elf, `malloc@${malloc.version}`), malloc);
  t.same(findFunction(elf, `malloc@@${malloc.version}`), malloc);
  t.match(findFunction(elf, 'malloc@GLIBC_1.0'), { reason: 'missing' });
  t.match(findFunction(elf, 'mallo'), { reason: 'missing' });
});

t.test('functions of node are found without reading all of it', async t => {
  if (!needs(t, { linux: true, tools: ['readelf'] })) return;
  const { elf, bytesRead } = open(t, process.execPath);
  const [ours, theirs] = compared(process.execPath, elf, 'dynsym');
  t.ok(theirs.length > 0, `${theirs.length} functions`);
  t.same(ours, theirs);
  t.ok(bytesRead() < readFileSync(process.execPath).length / 2, `${bytesRead()} bytes read`);
});

const program = `
__attribute__((noinline)) int twice(int x) { return 2 * x; }
static __attribute__((noinline)) int inner(int x) { return x + 1; }
int (*keep)(int) = inner;
__attribute__((weak, noinline)) int maybe(int x) { return x; }
static int fast(void) { return 1; }
static int (*pick(void))(void) { return fast; }
int picked(void) __attribute__((ifunc("pick")));
int main(int argc, char **argv) { return twice(argc) + inner(argc) + maybe(argc) + picked(); }
`;

function build(t: Test, ...flags: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-user-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const source = join(folder, 'program.c');
  writeFileSync(source, program);
  run('cc', '-O1', ...flags, source, '-o', join(folder, 'program'));
  return join(folder, 'program');
}

for (const [what, ...flags] of [
  ['position-independent program', '-pie', '-fPIE'],
  ['program at a fixed address', '-no-pie', '-fno-pie'],
  ['static program', '-static'],
  ['library', '-shared', '-fPIC'],
])
  t.test(`functions of a ${what} are where readelf says`, async t => {
    if (!needs(t, { linux: true, tools: ['readelf', 'cc'] })) return;
    const path = build(t, ...flags);
    const { elf } = open(t, path);
    for (const table of ['dynsym', 'symtab'] as const) {
      const [ours, theirs] = compared(path, elf, table);
      t.same(ours, theirs, table);
    }
    for (const name of ['twice', 'inner', 'maybe'])
      t.match(findFunction(elf, name), { name, version: undefined, weak: name === 'maybe' });
    t.match(findFunction(elf, 'picked'), { reason: 'indirect', found: [{ name: 'picked', indirect: true }] });
    t.same(
      matchFunctions(elf, 'tw?ce').map(f => f.name),
      ['twice'],
    );
    t.same(matchFunctions(elf, 'picke*'), []);
  });

t.test('a stripped program keeps what it exports', async t => {
  if (!needs(t, { linux: true, tools: ['strip', 'cc'] })) return;
  const path = build(t, '-shared', '-fPIC');
  run('strip', path);
  const { elf } = open(t, path);
  t.match(findFunction(elf, 'twice'), { name: 'twice' });
  t.match(findFunction(elf, 'inner'), { reason: 'missing' });
  t.same(
    matchFunctions(elf, 'tw*').map(f => f.name),
    ['twice'],
  );
});

t.test('one of two functions of a name is asked for, a weak one gives way', async t => {
  if (!needs(t, { linux: true, tools: ['cc', 'readelf'] })) return;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-user-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  writeFileSync(
    at('a.c'),
    'static __attribute__((noinline)) int same(int x) { return x + 1; } int a(int x) { return same(x) * 3; }',
  );
  writeFileSync(
    at('b.c'),
    'static __attribute__((noinline)) int same(int x) { return x * 5; } int b(int x) { return same(x) * 7; }',
  );
  writeFileSync(
    at('c.c'),
    `__attribute__((noinline)) int old_f(int x) { return x; } __attribute__((noinline)) int new_f(int x) { return x + 9; }
     __asm__(".symver old_f, f@V1"); __asm__(".symver new_f, f@@V2");`,
  );
  writeFileSync(at('map'), 'V1 { global: f; }; V2 { global: f; a; b; } V1;');
  run(
    'cc',
    '-O1',
    '-shared',
    '-fPIC',
    `-Wl,--version-script=${at('map')}`,
    at('a.c'),
    at('b.c'),
    at('c.c'),
    '-o',
    at('lib.so'),
  );
  const { elf } = open(t, at('lib.so'));
  t.match(findFunction(elf, 'same'), { reason: 'ambiguous', found: { length: 2 } });
  const byVersion = readelfFunctions(at('lib.so'), '.dynsym');
  const offset = (name: string) => byVersion.find(f => f.name === name)?.offset;
  t.match(findFunction(elf, 'f'), { version: 'V2', isDefault: true, offset: offset('f@@V2') });
  t.match(findFunction(elf, 'f@V1'), { version: 'V1', isDefault: false, offset: offset('f@V1') });
  t.match(findFunction(elf, 'f@V2'), { version: 'V2', offset: offset('f@@V2') });
});

t.test('what is no program is refused', async t => {
  const refused = (bytes: Uint8Array) => {
    try {
      return openUserElf(readAtOf(bytes), 'x');
    } catch (error) {
      return error;
    }
  };
  t.match(refused(new TextEncoder().encode('#!/bin/sh\n')), FormatError);
  t.match(refused(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1)), { message: /past the end of the file/ });
  t.match(refused(fixtureBytes('hello')), {
    message: /neither a program nor a library/,
  });
});

t.test('patterns', async t => {
  const match = (pattern: string, ...names: string[]) => names.filter(globMatcher(pattern));
  t.same(match('str*', 'str', 'strlen', 'mystr'), ['str', 'strlen']);
  t.same(match('a?c', 'abc', 'ac', 'abbc'), ['abc']);
  t.same(match('*.b+', 'x.b+', 'xab+'), ['x.b+']);
});
