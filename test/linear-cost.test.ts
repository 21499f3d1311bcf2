import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';
import t, { type Test } from 'tap';
import type { Btf, BtfType } from '../src/btf/index.js';
import type { ObjectSpec } from '../src/object/index.js';
import type { ObjectSize } from './build-object.js';

/** Four times the input may take this many times the steps: sorting takes a little more than four, quadratic cost sixteen. */
const most = 5;

const session = new Session();
session.connect();
const ask = <T>(method: string, parameters?: object): T => {
  let answer: unknown;
  session.post(method, parameters, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  return answer as T;
};

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

// Blocks are counted in code that is compiled from now on, and not in what the optimizer makes of it.
setFlagsFromString('--no-opt');
ask('Profiler.enable');
ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
const { Btf: BtfClass, dumpRaw, encodeBtf } = await import('../src/btf/index.js');
const { inspectObject, newestKernel, parseObject, planLoad } = await import('../src/object/index.js');
const { buildObject } = await import('./build-object.js');

/** How often the blocks of our sources run: counted by the engine, so it is the same whatever else the machine does. */
function steps(run: () => void): number {
  ask('Profiler.takePreciseCoverage');
  run();
  const { result } = ask<Coverage>('Profiler.takePreciseCoverage');
  const ours = result.filter(({ url }) => url.includes('/src/'));
  return ours
    .flatMap(({ functions }) => functions.flatMap(f => f.ranges))
    .reduce((sum, { count }) => sum + count, 0);
}

function growsLinearly(t: Test, what: string, size: number, work: (size: number) => () => void): void {
  const [one, four] = [steps(work(size)), steps(work(4 * size))];
  const ratio = four / one;
  t.ok(
    one > size && ratio <= most,
    `${what}: ${size} in ${one} steps, ${4 * size} in ${four}, ${ratio.toFixed(2)} times`,
  );
}

function parsing(size: ObjectSize): () => void {
  const bytes = buildObject(size);
  return () => void parseObject(bytes, { file: 'generated.bpf.o' });
}

/** What is done with an object once it is parsed. */
function parsed(size: ObjectSize, work: (spec: ObjectSpec) => unknown): () => void {
  const spec = parseObject(buildObject(size), { file: 'generated.bpf.o' });
  return () => void work(spec);
}

const plan = (spec: ObjectSpec) => planLoad(spec, newestKernel());

t.test('what the builder builds is an object', async t => {
  const spec = parseObject(buildObject({ programs: 3, references: 2, subprogs: 4, maps: 5, globals: 6 }));
  t.same([spec.programs.length, spec.subprogs.length, spec.maps.length, spec.globals.length], [3, 4, 6, 6]);
  t.equal(spec.programs[0]?.references.length, 3);
  t.same(
    spec.subprogs.map(f => f.lineInfo.length),
    [1, 1, 1, 1],
  );
  t.ok(plan(spec).steps.length >= 1 + 6 + 3);
});

t.test('cost grows with the size of the input', async t => {
  const sizes: [what: string, size: number, of: (n: number) => ObjectSize][] = [
    ['programs', 200, n => ({ programs: n, references: 1 })],
    ['references', 200, n => ({ references: n, maps: 10 })],
    ['subprogs', 200, n => ({ subprogs: n })],
    ['maps', 200, n => ({ maps: n, references: n })],
    ['globals', 200, n => ({ globals: n })],
  ];
  for (const [what, size, of] of sizes) {
    growsLinearly(t, `parsing ${what}`, size, n => parsing(of(n)));
    growsLinearly(t, `planning ${what}`, size, n => parsed(of(n), plan));
    growsLinearly(t, `inspecting ${what}`, size, n => parsed(of(n), inspectObject));
  }
});

t.test('the cost of BTF grows with its size', async t => {
  const blob = (n: number): Uint8Array => {
    const types: BtfType[] = [];
    for (let i = 0; i < n; i++)
      types.push(
        { kind: 'ptr', id: 0, name: '', type: 3 * i + 2 },
        {
          kind: 'struct',
          id: 0,
          name: `struct_${i}`,
          size: 16,
          kindFlag: false,
          members: [
            { name: 'next', type: 3 * i + 1, bitOffset: 0, bitSize: 0 },
            { name: 'value', type: 3 * i + 3, bitOffset: 64, bitSize: 0 },
          ],
        },
        {
          kind: 'int',
          id: 0,
          name: `int_${i}`,
          size: 8,
          bits: 64,
          offset: 0,
          signed: true,
          char: false,
          bool: false,
        },
      );
    return encodeBtf(types, 'little');
  };
  const size = 500;
  const works: [what: string, work: (btf: Btf) => unknown][] = [
    ['opening', () => undefined],
    [
      'finding names in',
      btf => Array.from({ length: btf.endId / 3 }, (_, i) => btf.findByName(`struct_${i}`, 'struct')),
    ],
    ['decoding', btf => Array.from({ length: btf.endId - 1 }, (_, i) => btf.type(i + 1))],
    ['dumping', btf => [...dumpRaw(btf)].length],
  ];
  for (const [what, work] of works)
    growsLinearly(t, `${what} types`, size, n => {
      const bytes = blob(n);
      return () => work(BtfClass.parse(bytes));
    });
});
