import { readFileSync } from 'node:fs';
import t from 'tap';
import { linkProgram, type ObjectSpec, type ProgramSpec, parseObject } from '../src/object/index.js';
import { compile } from './compile.js';
import { needs } from './live.js';

const clang = { tools: ['clang'] };
const parse = (path: string): ObjectSpec => parseObject(readFileSync(path), { file: 'test.bpf.o' });

t.test('two names of one function, as gcc gives equal functions', async t => {
  if (!needs(t, clang)) return;
  const spec = parse(
    compile(
      t,
      `
__attribute__((noinline)) int first(int x) { return x * 7; }
int second(int x) __attribute__((alias("first")));
SEC("socket") int calls(void *ctx) { return second(3); }
`,
    ),
  );
  t.strictSame(spec.subprogs.map(f => [f.name, f.sectionOffset]).sort(), [
    ['first', 0],
    ['second', 0],
  ]);
  const program = spec.programs[0] as ProgramSpec;
  const called = spec.subprogs.find(f => f.name === 'second');
  t.equal(
    linkProgram(spec, program).insns.bytes.length,
    program.insns.length + (called?.insns.length ?? 0),
    'one copy of the function is linked',
  );
});

t.test('the address of the end of the last variable', async t => {
  if (!needs(t, clang)) return;
  const spec = parse(
    compile(
      t,
      `
u64 numbers[4] = { 1, 2, 3, 4 };
SEC("socket") int within(void *ctx) { u64 last; asm volatile("%0 = numbers + 24 ll" : "=r"(last)); return last; }
SEC("socket") int past(void *ctx) { u64 end; asm volatile("%0 = numbers + 32 ll" : "=r"(end)); return end; }
`,
    ),
  );
  t.strictSame(
    spec.programs.map(p => p.references.map(r => (r.kind === 'mapValue' ? r.offset : r.kind))),
    [[24], [32]],
  );
});
