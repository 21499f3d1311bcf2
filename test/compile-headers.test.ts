import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { helperParametersOf } from '../scripts/helper-parameters.js';
import { Btf } from '../src/btf/index.js';
import { helperDefs } from '../src/compile/headers/helper-defs.js';
import { helperParameters } from '../src/compile/headers/helper-parameters.gen.js';
import { parametersByHand } from '../src/compile/headers/helpers-by-hand.js';
import { type CompiledObject, type CompileOptions, compileObject } from '../src/compile/index.js';
import { parseElf, SHF_EXECINSTR } from '../src/elf/index.js';
import { inspectObject, parseObject } from '../src/object/index.js';
import { needs } from './live.js';
import { fixture, repository } from './repository.js';

const sources = readdirSync(join(repository, 'bpf'))
  .filter(name => name.endsWith('.bpf.c'))
  .map(name => join(repository, 'bpf', name));
/** usdt.bpf.h is as that of libbpf 1.7; the fixtures' is older. */
const usesUsdt = (source: string) => readFileSync(source, 'utf8').includes('usdt.bpf.h');

/** In hex, with 32-bit moves of small numbers as 64-bit ones, which do the same: helpers with a u64 that was a u32 before have the others. */
function sameMoves(code: Uint8Array): string {
  const text = Buffer.from(code).toString('hex');
  return text.replaceAll(/(?<=^(?:.{16})*)b4(?=.{12}[0-7])/g, 'b7');
}

/** What an object is to a loader. */
function meaning(bytes: Uint8Array): unknown {
  const elf = parseElf(bytes, 'object');
  const code = elf.sections
    .filter(({ flags, size }) => flags & SHF_EXECINSTR && size > 0)
    .map(({ name, data }) => [name, sameMoves(data)]);
  return { code, ...inspectObject(parseObject(bytes, { file: 'object' })) };
}

/** Of this test alone: making vmlinux.h takes longest. */
const cache = mkdtempSync(join(tmpdir(), 'rawbpf-compile-test-'));
t.teardown(() => rmSync(cache, { recursive: true }));

const compiled = (source: string, options: CompileOptions): CompiledObject =>
  compileObject(source, { cache, ...options });

/** Both ways to compile a file: with rawbpf's headers, and with libbpf's. */
const bothWays = (source: string, options: CompileOptions = {}): [CompiledObject, CompiledObject] => [
  compiled(source, { ...options, headers: 'own' }),
  compiled(source, { ...options, headers: 'installed' }),
];

t.test('with our headers sources are what the fixtures are, which were made with libbpf’s', async t => {
  if (!needs(t, { linux: true, tools: ['clang-14'], headers: ['linux/bpf.h'] })) return;
  for (const source of sources.filter(source => !usesUsdt(source))) {
    const { bytes, warnings } = compiled(source, { headers: 'own', clang: 'clang-14' });
    t.equal(warnings, '');
    t.same(meaning(bytes), meaning(readFileSync(fixture(basename(source, '.bpf.c')))), basename(source));
  }
});

const macros = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";
unsigned long long out;
char text[32];
unsigned short port = bpf_htons(80), other = __bpf_constant_htons(81);

SEC("kprobe/x") int BPF_KPROBE(probe, int dfd, struct filename *name, long long wide) {
  out = dfd + BPF_CORE_READ(name, refcnt.counter) + wide + PT_REGS_IP(ctx) + PT_REGS_SP_CORE(ctx);
  bpf_printk("%d %s", dfd, BPF_CORE_READ(name, name));
  return 0;
}
SEC("kretprobe/x") int BPF_KRETPROBE(back, int result) {
  bpf_printk("%d %d %d %d", result, 1, 2, port);
  return 0;
}
SEC("ksyscall/openat") int BPF_KSYSCALL(call, int dfd, const char *path, int flags, unsigned short mode) {
  bpf_probe_read_user_str(text, sizeof(text), path);
  out = dfd + flags + mode;
  return 0;
}
SEC("fentry/x") int BPF_PROG(entry, struct task_struct *task, int number) {
  struct task_struct *parent;
  BPF_CORE_READ_INTO(&parent, task, real_parent, group_leader, parent);
  BPF_CORE_READ_STR_INTO(&text, task, real_parent, comm);
  out = bpf_core_field_exists(task->pid) + bpf_core_field_exists(struct task_struct, tgid) + number;
  out += bpf_core_field_size(task->comm) + bpf_core_field_offset(struct task_struct, comm);
  out += bpf_core_type_exists(struct task_struct) + bpf_core_type_size(struct task_struct);
  out += bpf_core_type_id_kernel(struct task_struct) + bpf_core_type_id_local(struct task_struct);
  out += bpf_core_enum_value_exists(enum bpf_map_type, BPF_MAP_TYPE_HASH);
  out += bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_ARRAY);
  out += BPF_CORE_READ_BITFIELD_PROBED(task, in_execve) + (unsigned long)parent;
  out += bpf_ntohl(number) + __bpf_ntohs((unsigned short)number) + bpf_cpu_to_be64(out) + offsetof(struct task_struct, pid);
  return 0;
}
SEC("iter/task") int dump(struct bpf_iter__task *ctx) {
  BPF_SEQ_PRINTF(ctx->meta->seq, "%d %s %d\\n", 1, text, 3);
  BPF_SNPRINTF(text, sizeof(text), "%d", (int)out);
  return 0;
}
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __uint(key_size, 4); __uint(value_size, 4); } calls SEC(".maps");
SEC("xdp") int next(struct xdp_md *ctx) {
  bpf_tail_call_static(ctx, &calls, 1);
  return XDP_PASS;
}
`;

t.test('macros make the code that libbpf’s do', async t => {
  if (!needs(t, { linux: true, tools: ['clang'], headers: ['bpf/bpf_helpers.h'] })) return;
  const source = join(t.testdir({ 'macros.bpf.c': macros }), 'macros.bpf.c');
  const [ours, theirs] = bothWays(source);
  t.same(meaning(ours.bytes), meaning(theirs.bytes));
  t.equal(ours.warnings, '');
});

t.test('sources compile where libbpf-dev is not installed', async t => {
  if (!needs(t, { linux: true, tools: ['clang'], headers: ['linux/bpf.h'] })) return;
  // A folder with the kernel's headers for programs alone, instead of /usr/include.
  const include = t.testdir({ 'macros.bpf.c': macros, system: {} });
  const system = join(include, 'system');
  for (const name of readdirSync('/usr/include'))
    if (['linux', 'asm', 'asm-generic'].includes(name))
      symlinkSync(join('/usr/include', name), join(system, name));
  const flags = ['-nostdlibinc', '-isystem', system];
  const many = ['opensnoop', 'test-core', 'test-links-net', 'test-map-kinds'];
  for (const source of [
    join(include, 'macros.bpf.c'),
    ...sources.filter(source => many.includes(basename(source, '.bpf.c'))),
  ])
    t.same(
      meaning(compiled(source, { flags }).bytes),
      meaning(compiled(source, { headers: 'own' }).bytes),
      basename(source),
    );
});

/** `static TYPE (* const NAME)(PARAMETERS) = (void *) ID;` of a header, in comparable words. */
function definitions(header: string): Map<string, { id: number; returns: string; parameters: string[] }> {
  const pattern = /^static (.*?)\(\* ?(?:const )?(\w+)\)\((.*?)\) = \(void \*\) ?(\d+);/gm;
  return new Map(
    [...header.matchAll(pattern)].map(([, type = '', name = '', list = '', id]) => [
      name,
      {
        id: Number(id),
        returns: plain(type),
        parameters: list === 'void' ? [] : list.split(',').map(parameter => plain(kindOf(parameter))),
      },
    ]),
  );
}

const kindOf = (parameter: string) =>
  parameter.includes('*') || parameter.includes('callback')
    ? 'pointer'
    : parameter.replace(/\b(?!__|unsigned|int|long|short)\w+$/, '');

/** libbpf writes `__u32` for `unsigned int`. */
const plain = (type: string) =>
  type
    .trim()
    .replace('__u64', 'unsigned long long')
    .replace('__s64', 'long long')
    .replace(/__u32|__wsum/, 'unsigned int')
    .replace('__s32', 'int')
    .replace(/__u16|__be16/, 'unsigned short')
    .replace(/^unsigned long$/, 'unsigned long long')
    .replace(/\s*\*$/, ' *');

const differences = new Set([
  // 64-bit since Linux 6.18; libbpf 1.1 is older.
  'bpf_dynptr_from_mem',
  'bpf_dynptr_read',
  'bpf_dynptr_write',
  'bpf_dynptr_data',
  // An enum, of which the kernel makes an int.
  'bpf_sys_bpf',
]);

t.test('helpers have the ids, results and parameters that libbpf gives them', async t => {
  if (!needs(t, { linux: true, headers: ['bpf/bpf_helper_defs.h'] })) return;
  const ours = definitions(helperDefs());
  const theirs = definitions(readFileSync('/usr/include/bpf/bpf_helper_defs.h', 'utf8'));
  t.ok(theirs.size > 200, `${theirs.size} helpers of libbpf`);
  for (const [name, definition] of theirs)
    if (differences.has(name)) t.equal(ours.get(name)?.id, definition.id);
    else t.same(ours.get(name), definition, name);
});

t.test('helpers have the parameters that this kernel says', async t => {
  if (!needs(t, { linux: true })) return;
  const file = '/sys/kernel/btf/vmlinux';
  if (!existsSync(file)) return t.plan(0, 'this kernel shows no BTF');
  const found = helperParametersOf(Btf.parse(readFileSync(file), { file }));
  t.ok(Object.keys(found).length > 100);
  const types = (parameters: readonly string[] = []) =>
    parameters.map(type => (type.includes('*') ? 'pointer' : type));
  for (const [name, parameters] of Object.entries(found))
    if (!parametersByHand[name] && !differences.has(`bpf_${name}`))
      t.same(types(parameters), types(helperParameters[name]), name);
});
