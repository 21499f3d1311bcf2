import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseElf } from '../src/elf/index.js';
import { parseObject } from '../src/object/index.js';
import { btfText, disassembly, elfText, link } from './linked-object.js';
import { needs, run } from './live.js';

const tools = ['clang', 'bpftool', 'readelf', 'llvm-objdump'];

/** Compiles C, or assembles, for BPF of a byte order. */
function build(t: Test, name: string, source: string, target = 'bpfel'): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-build-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [from, to] = [join(folder, name), join(folder, `${name}.bpf.o`)];
  writeFileSync(from, source);
  run('clang', '-g', '-O2', '-w', '-target', target, '-mcpu=v3', '-c', from, '-o', to);
  return to;
}

const half = (name: string, other: string, n: number) => `
#define SEC(name) __attribute__((section(name), used))
#define __noinline __attribute__((noinline))
static volatile int calls; static volatile long long wide = ${n}; static const volatile char text[] = "text ${n}";
static __noinline int same(int x) { calls += x; return calls + wide + text[x & 3]; }
__noinline int ${name}(int x) { return same(x) * ${n}; }
extern int ${other}(int x); extern int v_${other}; int v_${name} = ${n};
SEC("raw_tp") int prog_${name}(void *ctx) { return same(1) + ${name}(2) + ${other}(v_${other}); }
`;

t.test('both byte orders are linked alike', async t => {
  if (!needs(t, { tools })) return;
  const linked = (target: string) =>
    link(t, build(t, 'one.c', half('f', 'g', 2), target), build(t, 'two.c', half('g', 'f', 3), target));
  const [little, big] = [linked('bpfel'), linked('bpfeb')];
  t.same(elfText(big), elfText(little));
  t.same(btfText(big), btfText(little));
  const text = (path: string) =>
    disassembly(path).map(line => line.replace(/^(\s*\d+:)(\s[0-9a-f]{2}){8}/, '$1'));
  t.same(text(big), text(little));
  const references = (path: string) => {
    const { programs, subprogs } = parseObject(readFileSync(path));
    return [...programs, ...subprogs].map(({ key, references }) => ({ key, references }));
  };
  t.same(references(big), references(little));
  t.match(
    references(big).find(f => f.key === 'prog_g'),
    {
      references: [
        { kind: 'call', func: /^\.text\/same/ },
        { kind: 'call', func: 'g' },
        { kind: 'mapValue' },
        { kind: 'call', func: 'f' },
      ],
    },
    'a static function is that of its own object',
  );
});

t.test('addends from the start of a section move with it, in data, too', async t => {
  if (!needs(t, { tools })) return;
  const assembly = `
  .section .text, "ax", @progbits
own:
  r0 = 0
  exit
inner:
  r0 = 1
  exit
  .section raw_tp, "ax", @progbits
  call inner
  r1 = inner ll
  exit
  .section .table, "aw", @progbits
  .quad inner
  .long inner
  .long 0
`;
  const part = build(t, 'part.s', assembly);
  const whole = link(t, part, part);
  const elf = parseElf(readFileSync(whole));
  const targets = ['raw_tp', '.table'].flatMap(name => {
    const section = elf.section(name);
    const view = new DataView(section?.data.slice().buffer ?? new ArrayBuffer(0));
    return elf.relocations(section as NonNullable<typeof section>).map(({ offset, type, symbol }) => {
      const value = {
        1: () => view.getUint32(offset + 4, true),
        2: () => Number(view.getBigUint64(offset, true)),
        3: () => view.getUint32(offset, true),
        10: () => (view.getInt32(offset + 4, true) + 1) * 8,
      }[type];
      return `${name}+${offset} type ${type} to ${symbol.section?.name}+${symbol.value + (value?.() ?? Number.NaN)}`;
    });
  });
  t.same(targets, [
    'raw_tp+0 type 10 to .text+16',
    'raw_tp+8 type 1 to .text+16',
    'raw_tp+32 type 10 to .text+48',
    'raw_tp+40 type 1 to .text+48',
    '.table+0 type 2 to .text+16',
    '.table+8 type 3 to .text+16',
    '.table+16 type 2 to .text+48',
    '.table+24 type 3 to .text+48',
  ]);
});
