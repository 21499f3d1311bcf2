import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Btf } from '../src/btf/index.js';
import { CompileError, type CompileOptions, compileObject } from '../src/compile/index.js';
import { parseElf, SHF_EXECINSTR } from '../src/elf/index.js';
import { BpfObject } from '../src/index.js';
import { inspectObject, parseObject } from '../src/object/index.js';
import { needs } from './live.js';
import { fixture, repository } from './repository.js';

const cache = mkdtempSync(join(tmpdir(), 'rawbpf-compile-test-'));
t.teardown(() => rmSync(cache, { recursive: true }));

const compiled = (source: string, options: CompileOptions = {}) =>
  compileObject(source, { cache, ...options });

/** A folder with these files. */
function folderOf(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-source-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const errorOf = (make: () => unknown): CompileError => {
  try {
    make();
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
  throw new Error('it compiled');
};

t.test('compiles with the headers that are installed to what the fixtures are', async t => {
  if (!needs(t, { linux: true, tools: ['clang-14'], headers: ['bpf/bpf_helpers.h', 'linux/bpf.h'] })) return;
  const meaning = (bytes: Uint8Array) => ({
    code: parseElf(bytes, 'object')
      .sections.filter(({ flags, size }) => flags & SHF_EXECINSTR && size > 0)
      .map(({ name, data }) => [name, Buffer.from(data).toString('hex')]),
    ...inspectObject(parseObject(bytes, { file: 'object' })),
  });
  for (const name of ['opensnoop', 'test-core', 'test-links-usdt', 'test-types']) {
    const source = join(repository, 'bpf', `${name}.bpf.c`);
    const { bytes, warnings, compiler } = compiled(source, { clang: 'clang-14' });
    t.match(compiler, /clang version 14/);
    t.equal(warnings, '', name);
    t.same(meaning(bytes), meaning(readFileSync(fixture(name))), name);
  }
});

const counter = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";
const volatile int tgid;
unsigned long long calls, read, tested;

SEC("raw_tp/sys_enter") int BPF_PROG(enter, struct pt_regs *regs, long id) {
  struct task_struct *task = (void *)bpf_get_current_task();
  if (BPF_CORE_READ(task, tgid) != tgid) return 0;
  __sync_fetch_and_add(&calls, 1);
  read += BPF_CORE_READ(task, group_leader, pid) == tgid;
  return 0;
}
SEC("tp_btf/sys_enter") int BPF_PROG(typed, struct pt_regs *regs, long id) {
  struct task_struct *task = bpf_get_current_task_btf();
  if (task->tgid != tgid) return 0;
  tested += BPF_CORE_READ_BITFIELD(task, in_execve) == BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
  return 0;
}
`;

t.test('what is compiled with vmlinux.h and our headers runs in this kernel', async t => {
  if (!needs(t, { bpf: true, tools: ['clang'] })) return;
  const source = join(folderOf(t, { 'counter.bpf.c': counter }), 'counter.bpf.c');
  for (const headers of ['own', 'installed'] as const) {
    using object = BpfObject.compile(source, { cache, headers });
    t.equal(object.spec.name, 'counter');
    object.globals['tgid'] = process.pid;
    object.load();
    object.attach();
    readFileSync('/proc/self/stat');
    const { calls, read, tested } = object.globals as Record<string, bigint>;
    t.ok(calls! > 0n && read! > 0n && tested! > 0n, `${calls} calls, ${read} read, ${tested} tested`);
  }
});

t.test('vmlinux.h declares the types that are given', async t => {
  if (!needs(t, { linux: true, tools: ['clang'] })) return;
  const folder = folderOf(t, {
    'a.bpf.c': '#include "vmlinux.h"\nstruct event of_the_kernel;\n',
    'own.bpf.c': '#include "vmlinux.h"\nint answer = ANSWER;\n',
    'stops.bpf.c': '#include "vmlinux.h"\n#error "it stops here"\n',
  });
  const file = fixture('opensnoop');
  const btf = Btf.parse(parseElf(readFileSync(file), file).section('.BTF')!.data, { file });
  const { bytes } = compiled(join(folder, 'a.bpf.c'), { btf });
  t.equal(parseObject(bytes, { file: 'a' }).globals[0]?.size, btf.sizeOf(btf.findByName('event', 'struct')!));
  t.throws(() => compiled(join(folder, 'stops.bpf.c'), { btf }), {
    message: /:2:2: error: "it stops here"$/,
  });
  t.throws(() => compiled(join(folder, 'own.bpf.c'), { btf }), { message: /undeclared identifier 'ANSWER'/ });
  writeFileSync(join(folder, 'vmlinux.h'), '#define ANSWER 42\n');
  const { globals } = BpfObject.open(compiled(join(folder, 'own.bpf.c'), { btf }).bytes);
  t.equal(globals['answer'], 42, 'the source’s own comes first');
});

t.test('an error has its place and its source lines', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  const folder = folderOf(t, {
    'bad.bpf.c': '#include "bad.h"\nint one(void) {\n  return TWICE(missing);\n}\n',
    'bad.h': '#define TWICE(x) ((x) * other)\n',
    'stack.bpf.c':
      '__attribute__((section("raw_tp"), used)) int big(int *ctx) {\n  char many[600];\n  asm volatile("" : : "r"(many));\n  return 0;\n}\n',
  });
  const bad = errorOf(() => compiled(join(folder, 'bad.bpf.c')));
  t.equal(bad.code, 'ERR_RAWBPF_COMPILE');
  t.match(
    bad.message,
    /^[^\n]*bad\.bpf\.c:3:1\d: error: use of undeclared identifier '(missing|other)' \(and \d more\)$/,
  );
  t.match(bad.explain(), /return TWICE\(missing\);/);
  t.match(bad.explain(), /bad\.h:1:\d+: note: expanded from macro 'TWICE'/);
  const [first] = bad.diagnostics;
  t.match(first, { severity: 'error', line: 3, column: Number });
  t.equal(first?.file, join(folder, 'bad.bpf.c'));
  t.match(first?.snippet.join('\n'), /return TWICE\(missing\);\n.*\^/);
  t.same([...new Set(bad.diagnostics.map(({ severity }) => severity))], ['error', 'note']);
  const stack = errorOf(() => compiled(join(folder, 'stack.bpf.c')));
  t.match(stack.message, /stack\.bpf\.c:1:\d+: error: Looks like the BPF stack limit/);
});

t.test('a warning comes with the object, also from the cache', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  const source = join(folderOf(t, { 'w.bpf.c': 'int f(void) { int unused; return 0; }\n' }), 'w.bpf.c');
  for (const cached of [false, true]) {
    const object = compiled(source, { flags: ['-Wall'] });
    t.equal(object.cached, cached);
    t.match(object.warnings, /w\.bpf\.c:1:\d+: warning: unused variable 'unused'/);
  }
});

t.test('says which file or compiler is missing', async t => {
  const folder = folderOf(t, { 'a.bpf.c': '', empty: '' });
  const source = join(folder, 'a.bpf.c');
  t.throws(() => compiled(join(folder, 'b.bpf.c')), {
    message: /b\.bpf\.c: cannot be read: ENOENT/,
  });
  t.throws(() => compiled(folder), { name: 'CompileError', message: /: cannot be read: EISDIR/ });
  t.throws(() => compiled(source, { clang: '/there/is/none' }), {
    message: /\/there\/is\/none cannot be run/,
  });
  const path = process.env['PATH'];
  process.env['PATH'] = folder;
  try {
    t.throws(() => compiled(source), {
      message: /needs clang, and there is none on the PATH: apt-get install clang/,
    });
  } finally {
    process.env['PATH'] = path;
  }
});

t.test('says which header is missing', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  const source = join(folderOf(t, { 'a.bpf.c': '#include <linux/there-is-none.h>\n' }), 'a.bpf.c');
  const typeless = join(folderOf(t, { 'a.bpf.c': '#include <bpf/bpf_helpers.h>\n' }), 'a.bpf.c');
  if (existsSync('/usr/include/bpf/bpf_helpers.h'))
    t.throws(() => compiled(typeless), {
      message: /unknown type name '__u\d\d' .*: include "vmlinux\.h" or/,
    });
  t.ok(compiled(typeless, { headers: 'own' }));
  t.throws(() => compiled(source), { message: /a\.bpf\.c:1:10: error: .*file not found: .*linux-libc-dev/ });
});
