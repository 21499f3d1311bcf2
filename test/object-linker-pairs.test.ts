import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfObject } from '../src/programs/index.js';
import { ownBpffs } from './bpffs.js';
import { compile } from './compile.js';
import { bpftoolLink, btfText, disassembly, elfText, link } from './linked-object.js';
import { needs, run } from './live.js';

const tools = ['clang', 'bpftool', 'readelf', 'llvm-objdump'];
const map = (type: number) =>
  `struct { __uint(type, ${type}); __uint(max_entries, 4); __type(key, u32); __type(value, u64); }`;
const prelude = `
#define __weak __attribute__((weak))
#define __hidden __attribute__((visibility("hidden")))
#define __noinline __attribute__((noinline))
#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))
static void *(*lookup)(void *, void *) = (void *)1;
struct point { u32 x, y; struct point *next; };
`;

/** Objects that need each other; the second defines nothing that the first declares in a section. */
const pairs: Record<string, readonly [first: string, second: string]> = {
  'functions and variables': [
    `int shared = 3; extern int other; int helper(int x);
     __noinline int twice(int x) { return x * 2 + shared; }
     SEC("raw_tp") int first(void *ctx) { return helper(other) + twice(1); }`,
    `int other = 4; extern int shared; int twice(int x); const volatile int limit = 9;
     __noinline int helper(int x) { return twice(x) + shared + limit; }
     SEC("raw_tp") int second(void *ctx) { return helper(1); }`,
  ],
  maps: [
    `${map(1)} table SEC(".maps"); ${map(2)} slots SEC(".maps");
     SEC("raw_tp") int first(void *ctx) { u32 k = 1; u64 *v = lookup(&table, &k); return v ? *v : 7; }`,
    `extern ${map(2)} slots SEC(".maps"); ${map(1)} more SEC(".maps");
     SEC("raw_tp") int second(void *ctx) {
       u32 k = 1; u64 *v = lookup(&slots, &k), *w = lookup(&more, &k); return v && !w ? *v + 5 : 1;
     }`,
  ],
  'static functions and variables of one name': [
    `static volatile int calls; static const volatile char text[] = "one"; static volatile u64 wide = 1;
     static __noinline int same(int x) { calls += x; return calls + text[x & 3]; }
     SEC("raw_tp") int first(void *ctx) { return same(2) + wide; }`,
    `static volatile int calls; static const volatile char text[] = "three"; static volatile u64 wide = 2;
     static __noinline int unused_first(int x) { return wide + x; }
     static __noinline int same(int x) { calls -= x; return calls * text[x & 3]; }
     SEC("raw_tp") int second(void *ctx) { return same(2) + unused_first(3); }`,
  ],
  'weak functions': [
    `__weak __noinline int level(int x) { return x + 1; } __noinline int strong(int x) { return x + 10; }
     SEC("raw_tp") int first(void *ctx) { return level(0) + strong(0); }`,
    `__weak __noinline int level(int x) { return x + 2; } __weak __noinline int strong(int x) { return x + 20; }
     SEC("raw_tp") int second(void *ctx) { return level(0) + strong(0); }`,
  ],
  'hidden functions and pointers to structs': [
    `__hidden __noinline int norm(struct point *p) { return p ? p->x + p->y : 0; }
     SEC("raw_tp") int first(void *ctx) { struct point p = { 1, 2 }; return norm(&p); }`,
    `int norm(struct point *p);
     SEC("raw_tp") int second(void *ctx) { struct point p = { 3, 4 }; return norm(&p); }`,
  ],
  'kconfig and ksyms': [
    `extern int LINUX_KERNEL_VERSION __kconfig; extern _Bool CONFIG_BPF __kconfig __weak; extern int no_such_symbol __ksym __weak;
     SEC("raw_tp") int first(void *ctx) { return LINUX_KERNEL_VERSION > 0 ? CONFIG_BPF : &no_such_symbol != 0; }`,
    `extern _Bool CONFIG_BPF __kconfig __weak; extern u32 CONFIG_HZ __kconfig; extern int no_such_symbol __ksym __weak;
     extern int LINUX_KERNEL_VERSION __kconfig;
     SEC("raw_tp") int second(void *ctx) { return CONFIG_HZ + CONFIG_BPF + (&no_such_symbol != 0) + LINUX_KERNEL_VERSION; }`,
  ],
  'sections that need alignment': [
    `char a[3] = "ab"; const volatile char ra[5] = "abcd"; int zero[3]; char extra[7] SEC(".data.extra") = "x";
     SEC("raw_tp") int first(void *ctx) { return a[1] + ra[2] + zero[1] + extra[0]; }`,
    `u64 b = 5; const volatile u64 rb = 6; u64 zeros[2]; u32 others SEC(".data.extra") = 7;
     SEC("raw_tp") int second(void *ctx) { return b + rb + zeros[1] + others; }`,
  ],
};

for (const [name, sources] of Object.entries(pairs))
  t.test(name, async t => {
    if (!needs(t, { tools })) return;
    const objects = sources.map((source, i) => compile(t, prelude + source, ['one', 'two'][i]));
    const [ours, theirs] = [link(t, ...objects), bpftoolLink(t, ...objects)];
    t.same(elfText(ours), elfText(theirs));
    t.same(disassembly(ours), disassembly(theirs));
    t.same(btfText(ours), btfText(theirs));

    await t.test('loaded', async t => {
      if (!needs(t, { bpf: true, tools })) return;
      const tags = bpftoolTags(t, ours);
      t.same(Object.keys(tags), ['first', 'second']);
      t.same(tags, bpftoolTags(t, theirs), 'bpftool loads both to the same programs');
      t.same(tags, ownTags(ours), 'rawbpf loads it to the same programs');
    });
  });

interface Loaded {
  readonly tag: string;
  readonly xlatedBytes: number;
}

/** What `bpftool prog loadall` makes of an object, by program. */
function bpftoolTags(t: Test, object: string): Record<string, Loaded> {
  const pins = join(ownBpffs(t), 'object');
  run('bpftool', 'prog', 'loadall', object, pins);
  return Object.fromEntries(
    ['first', 'second'].map(name => {
      const shown = JSON.parse(run('bpftool', '-j', 'prog', 'show', 'pinned', join(pins, name)));
      return [name, { tag: shown.tag, xlatedBytes: shown.bytes_xlated }];
    }),
  );
}

function ownTags(path: string): Record<string, Loaded> {
  using object = BpfObject.open(readFileSync(path), { file: path });
  object.load({ pinRoot: false });
  return Object.fromEntries(
    Object.values(object.programs).map(program => {
      const { tag, xlatedBytes } = program.info();
      return [program.name, { tag, xlatedBytes }];
    }),
  );
}
