import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { linkObjects, type ObjectFile } from '../src/object/index.js';
import { BpfObject } from '../src/programs/index.js';
import { compile } from './compile.js';
import { btfText, elfText, link } from './linked-object.js';
import { needs } from './live.js';
import { testRun } from './test-run.js';

const tools = ['clang', 'bpftool', 'readelf'];
const array = `struct { __uint(type, 2); __uint(max_entries, 2); __type(key, u32); __type(value, u64); }`;
const prelude = `
#define __weak __attribute__((weak))
#define __hidden __attribute__((visibility("hidden")))
#define __noinline __attribute__((noinline))
#define __ksym __attribute__((section(".ksyms")))
static void *(*lookup)(void *, void *) = (void *)1;
`;

function compileAll(t: Test, sources: readonly string[]): string[] {
  return sources.map((source, i) => compile(t, prelude + source, `${'abc'[i]}`));
}

/** The symbols of that name of what the sources are linked to, as readelf shows them. */
function symbols(t: Test, name: string, ...sources: string[]): string[] {
  const linked = link(t, ...compileAll(t, sources));
  return elfText(linked).filter(line => line.startsWith(`symbol ${name}:`));
}

t.test('what comes after its extern, or overrides a weak one, is where BTF says', async t => {
  if (!needs(t, { tools })) return;
  const objects = compileAll(t, [
    `extern ${array} late SEC(".maps"); ${array} early SEC(".maps"); __weak int level = 3; __weak int zeroed; extern int after;
     SEC("raw_tp") int first(void *ctx) {
       u32 k = 0; u64 *v = lookup(&late, &k), *w = lookup(&early, &k); if (!v || !w) return -1;
       *v += 40; *w += 1; return level * 1000 + zeroed * 100 + after;
     }`,
    `${array} other SEC(".maps"); ${array} late SEC(".maps"); int pad = 1; int level = 5; int zeroed = 6; int after = 7;
     SEC("raw_tp") int second(void *ctx) {
       u32 k = 0; u64 *v = lookup(&late, &k), *w = lookup(&other, &k); return v && w ? *v + *w : -1;
     }`,
  ]);
  for (const order of [objects, objects.toReversed()]) {
    const linked = link(t, ...order);
    const places = new Map(
      elfText(linked).flatMap(line => {
        const [, name, value] = /^symbol (\w+): OBJECT GLOBAL DEFAULT (\d+)\+/.exec(line) ?? [];
        return name ? [[name, Number(value)]] : [];
      }),
    );
    const listed = btfText(linked).flatMap(line => {
      const [, offset, name] = /offset=(\d+) size=\d+ \(VAR '(\w+)'\)/.exec(line) ?? [];
      return name ? [[name, Number(offset)] as const] : [];
    });
    t.same(new Map(listed), places);
    t.equal(listed.length, places.size, 'each is listed once');

    await t.test('run', async t => {
      if (!needs(t, { bpf: true, tools })) return;
      using object = BpfObject.open(readFileSync(linked), { file: linked });
      object.load({ pinRoot: false });
      t.equal(testRun(object.program('first')), 5607);
      t.equal(testRun(object.program('second')), 40, 'both use one map');
      t.match(object.globals, { level: 5, zeroed: 6, after: 7 });
    });
  }
});

t.test('strong or weak, visible or hidden', async t => {
  if (!needs(t, { tools })) return;
  const uses = (name: string) => `SEC("raw_tp") int uses_${name}(void *ctx)`;
  t.same(
    symbols(
      t,
      'f',
      `extern int f(int) __weak; ${uses('a')} { return f ? f(1) : 0; }`,
      `extern int f(int) __weak; ${uses('b')} { return f ? f(1) : 0; }`,
    ),
    ['symbol f: NOTYPE WEAK DEFAULT 0+0 in UND'],
    'two weak externs',
  );
  t.same(
    symbols(
      t,
      'f',
      `extern int f(int) __weak; ${uses('a')} { return f ? f(1) : 0; }`,
      `int f(int); ${uses('b')} { return f(1); }`,
    ),
    ['symbol f: NOTYPE GLOBAL DEFAULT 0+0 in UND'],
    'one extern that is strong',
  );
  t.match(
    symbols(
      t,
      'f',
      `__weak __noinline int f(int x) { return x; }`,
      `int f(int); ${uses('b')} { return f(1); }`,
    ),
    [/^symbol f: FUNC GLOBAL DEFAULT 0\+16 in .text$/],
    'a weak definition that something needs',
  );
  t.match(
    symbols(
      t,
      'f',
      `__hidden int f(int); ${uses('a')} { return f(1); }`,
      `__noinline int f(int x) { return x; }`,
    ),
    [/^symbol f: FUNC GLOBAL HIDDEN 0\+16 in .text$/],
    'hidden by its extern',
  );
  t.match(
    symbols(
      t,
      'f',
      `int f(int); ${uses('a')} { return f(1); }`,
      '__weak __noinline int f(int x) { return x + 1; }',
      '__noinline int f(int x) { return x; }',
    ),
    [/^symbol f: FUNC GLOBAL DEFAULT 24\+16 in .text$/],
    'an extern, a weak definition and a strong one',
  );
});

t.test('a ksym without a type in two objects', async t => {
  if (!needs(t, { tools })) return;
  const source = (name: string) =>
    `extern const void bpf_link_fops __ksym; SEC("raw_tp") int ${name}(void *ctx) { return (long)&bpf_link_fops; }`;
  const linked = link(t, ...compileAll(t, [source('first'), source('second')]));
  const listed = btfText(linked).filter(line => line.includes("(VAR 'bpf_link_fops')"));
  t.match(listed, [/offset=0 size=\d+ /], 'is one');
});

t.test('linking in two steps is linking in one', async t => {
  if (!needs(t, { tools })) return;
  const [a = '', b = '', c = ''] = compileAll(t, [
    `int f(int); static volatile int n; extern int v; SEC("raw_tp") int first(void *ctx) { return f(v) + n; }`,
    `int g(int); static volatile int n; __noinline int f(int x) { return g(x) + n; } int v = 1;`,
    `static volatile int n; extern int v; __noinline int g(int x) { return x + n + v; }`,
  ]);
  const [once, left, right] = [link(t, a, b, c), link(t, link(t, a, b), c), link(t, a, link(t, b, c))];
  t.same(elfText(left), elfText(once));
  t.same(elfText(right), elfText(once));
  t.same(btfText(left), btfText(once));
});

t.test('an extern that nothing defines is a warning', async t => {
  if (!needs(t, { tools })) return;
  const objects = compileAll(t, [
    `int missing(int); extern int CONFIG_HZ __attribute__((section(".kconfig")));
     SEC("raw_tp") int first(void *ctx) { return missing(CONFIG_HZ); }`,
  ]);
  const { warnings } = linkObjects(objects.map(read));
  t.match(warnings, [/^extern missing of .*a\.bpf\.o is in none of the objects: link one that defines it/]);
});

function read(file: string): ObjectFile {
  return { file, bytes: readFileSync(file) };
}
