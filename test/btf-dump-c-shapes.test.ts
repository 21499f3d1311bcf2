import t, { type Test } from 'tap';
import { Btf, type BtfType, dumpC, encodeBtf } from '../src/btf/index.js';
import { CFolder, layoutAssertions } from './c-layout.js';
import { needs } from './live.js';
import { composite, type Member } from './make-types.js';

t.setTimeout(120_000);

const compilers = [
  ['gcc', '-std=gnu11'],
  ['clang', '-target', 'bpf'],
];

const flags = { id: 0, offset: 0, char: false, bool: false };
const int: BtfType = { ...flags, kind: 'int', name: 'int', size: 4, bits: 32, signed: true };
const long: BtfType = { ...flags, kind: 'int', name: 'long int', size: 8, bits: 64, signed: true };
const char: BtfType = { ...flags, kind: 'int', name: 'char', size: 1, bits: 8, signed: true };
const odd = (name: string, size: number): BtfType => ({
  ...flags,
  kind: 'int',
  name,
  size,
  bits: size * 8,
  signed: false,
});
const ptr = (type: number): BtfType => ({ kind: 'ptr', id: 0, name: '', type });
const konst = (type: number): BtfType => ({ kind: 'const', id: 0, name: '', type });
const typedef = (name: string, type: number): BtfType => ({ kind: 'typedef', id: 0, name, type });
const array = (type: number, nelems: number): BtfType => ({
  kind: 'array',
  id: 0,
  name: '',
  type,
  indexType: 1,
  nelems,
});
const proto = (type: number, ...params: number[]): BtfType => ({
  kind: 'func_proto',
  id: 0,
  name: '',
  type,
  params: params.map((param, i) => ({ name: param ? `p${i}` : '', type: param })),
});

const struct = (name: string, size: number, ...members: Member[]): BtfType =>
  composite('struct', name, size, members);
const union = (name: string, size: number, ...members: Member[]): BtfType =>
  composite('union', name, size, members);
const enumOf = (name: string, size: number, ...values: [string, number][]): BtfType => ({
  kind: 'enum',
  id: 0,
  name,
  size,
  signed: values.some(([, value]) => value < 0),
  values: values.map(([one, value]) => ({ name: one, value })),
});

function dump(types: readonly BtfType[], roots?: readonly number[]): string {
  const btf = Btf.parse(encodeBtf(types, 'little'));
  return [...dumpC(btf, roots ? { roots } : {})].join('\n');
}

/** What lies between the pragmas. */
function declarations(...types: BtfType[]): string[] {
  const body = dump(types).split('#endif\n\n')[1]!.split('\n#ifndef')[0]!;
  return body
    .split(/;\n\n?/)
    .map(one => one.trim())
    .filter(Boolean);
}

/** Dumps the types, and has the compilers check the layout. */
function compiles(t: Test, ...types: BtfType[]): void {
  if (!needs(t, { tools: ['gcc', 'clang'] })) return;
  using folder = new CFolder();
  const btf = Btf.parse(encodeBtf(types, 'little'));
  const header = [...dumpC(btf)].join('\n');
  for (const compiler of compilers) {
    const file = folder.write('shapes.c', `${header}\n${layoutAssertions(btf).join('\n')}`);
    t.equal(folder.errors(compiler, file).first, '', `${compiler[0]}\n${header}`);
  }
}

t.test('declarators', async t => {
  const text = declarations(
    int,
    ptr(1),
    array(2, 3),
    typedef('pointers', 3),
    array(1, 4),
    ptr(5),
    typedef('to_array', 6),
    proto(2, 1, 0),
    ptr(8),
    typedef('handler', 9),
    array(9, 2),
    ptr(11),
    konst(12),
    typedef('table', 13),
    proto(9),
    typedef('maker', 15),
    konst(1),
    ptr(17),
    konst(18),
    typedef('fixed', 19),
  );
  t.same(text, [
    'typedef int *pointers[3]',
    'typedef int (*to_array)[4]',
    'typedef int * (*handler)(int p0, ...)',
    'typedef int * (*(* const table)[2])(int p0, ...)',
    'typedef int * (*maker(void))(int p0, ...)',
    'typedef const int * const fixed',
  ]);
});

t.test('layouts that need more than members', async t => {
  compiles(
    t,
    char,
    int,
    long,
    struct('holes', 24, ['a', 1, 0], ['b', 1, 40], ['c', 3, 128]),
    struct('tail', 64, ['a', 1, 0]),
    struct('packed', 9, ['a', 1, 0], ['b', 3, 8]),
    struct('odd_size', 5, ['a', 2, 0], ['b', 1, 32]),
    struct('bits', 8, ['a', 2, 0, 3], ['b', 2, 7, 4], ['c', 2, 32, 32]),
    struct('packed_bits', 8, ['a', 2, 0, 20], ['b', 2, 20, 20], ['c', 2, 40, 24]),
    struct('wide', 16, ['a', 3, 0, 40], ['b', 3, 64, 3]),
    union('aligned', 64, ['a', 2, 0]),
    union('packed_union', 5, ['a', 2, 0], ['b', 13, 0]),
    array(1, 5),
    union('empty', 24),
    struct('holds_aligned', 128, ['a', 1, 0], ['u', 11, 512]),
    struct('in_packed', 9, ['a', 1, 0], ['b', 3, 8]),
    struct('misplaced', 28, ['a', 1, 0], ['s', 4, 8]),
    struct('far', 100_000, ['a', 1, 0], ['b', 1, 799_992]),
    struct('nothing', 0),
  );
});

t.test('enums of every size', async t => {
  compiles(
    t,
    enumOf('one', 1, ['ONE', 1]),
    enumOf('minus', 1, ['MINUS', -1]),
    enumOf('two', 2, ['TWO', 2]),
    enumOf('four', 4, ['FOUR', 0xffffffff]),
    enumOf('eight', 8, ['EIGHT', 8]),
    {
      kind: 'enum64',
      id: 0,
      name: 'huge',
      size: 8,
      signed: true,
      values: [
        { name: 'LEAST', value: -(1n << 63n) },
        { name: 'MOST', value: (1n << 63n) - 1n },
      ],
    },
    enumOf('', 4, ['CONSTANT', 7]),
    struct('s', 16, ['a', 1, 0], ['b', 3, 16], ['c', 5, 64]),
  );
});

t.test('names that C does not take, and names taken twice', async t => {
  const types = [
    odd('u32', 4),
    { ...flags, kind: 'int', name: 'bool', size: 1, bits: 8, signed: false, bool: true } as BtfType,
    struct('Vec<u32>', 8, ['int', 1, 0], ['0', 1, 32]),
    struct('twice', 4, ['a', 1, 0]),
    struct('twice', 2, ['b', 2, 0], ['c', 2, 8]),
    struct('twice___2', 1, ['d', 2, 0]),
    enumOf('twice', 4, ['A', 0]),
    enumOf('other', 4, ['A', 1]),
    typedef('twice', 4),
    typedef('A', 5),
    struct('user', 16, ['x', 4, 0], ['y', 5, 32], ['z', 6, 48], ['w', 7, 64], ['v', 8, 96]),
  ];
  compiles(t, ...types);
  t.match(
    dump(types),
    /struct user \{\n\tstruct twice x;\n\tstruct twice___2 y;\n\tstruct twice___2___2 z;\n\tenum twice___3 w;/,
  );
});

t.test('structs that need each other', async t => {
  const types = [
    int,
    struct('a', 16, ['b', 3, 0], ['n', 1, 64]),
    ptr(4),
    struct('b', 24, ['a', 2, 0], ['next', 3, 128]),
    ptr(2),
    proto(0, 5),
    ptr(6),
    typedef('callback', 7),
    // An anonymous struct behind a pointer is written out, and needs what it holds.
    struct('', 16, ['late', 2, 0]),
    ptr(9),
    struct('early', 16, ['p', 10, 0], ['call', 8, 64]),
  ];
  compiles(t, ...types);
  compiles(
    t,
    struct('first', 8, ['p', 2, 0]),
    ptr(3),
    struct('', 16, ['s', 4, 0]),
    struct('last', 16, ['p', 5, 0], ['q', 5, 64]),
    ptr(1),
  );
});

t.test('an unnamed member of a struct with a tag is written out', async t => {
  const types = [
    int,
    struct('base', 8, ['a', 1, 0], ['b', 1, 32]),
    struct('derived', 12, ['', 2, 0], ['c', 1, 64]),
  ];
  compiles(t, ...types);
  t.match(dump(types), /struct derived \{\n\tstruct \{\n\t\tint a;\n\t\tint b;\n\t\};\n\tint c;\n\}/);
});

t.test('only the roots and what they need', async t => {
  const text = dump(
    [int, struct('a', 4, ['x', 1, 0]), struct('b', 4, ['a', 2, 0]), struct('c', 4, ['x', 1, 0])],
    [3],
  );
  t.match(text, /struct a \{[\s\S]*struct b \{/);
  t.notMatch(text, /struct c/);
});

t.test('tags are attributes', async t => {
  const tag = (kindFlag: boolean, name: string, type: number, componentIdx: number): BtfType => ({
    kind: 'decl_tag',
    id: 0,
    name,
    type,
    componentIdx,
    kindFlag,
  });
  const text = dump([
    int,
    { kind: 'type_tag', id: 0, name: 'user', type: 1, kindFlag: false },
    ptr(2),
    struct('s', 8, ['p', 3, 0]),
    tag(false, 'say "hi"', 4, 0),
    tag(true, 'unused', 4, -1),
  ]);
  t.match(
    text,
    '\tint __attribute__((btf_type_tag("user"))) *p __attribute__((btf_decl_tag("say _hi_")));\n} __attribute__((unused));',
  );
});

t.test('long chains take no stack', async t => {
  const length = 100_000;
  const chain = (one: (type: number, i: number) => BtfType): BtfType[] =>
    Array.from({ length }, (_, i) => one(i + 1, i));
  t.match(
    dump([int, ...chain((type, i) => typedef(`t${i}`, type))]),
    `typedef t${length - 2} t${length - 1};`,
  );
  t.match(dump([int, ...chain(ptr), typedef('deep', length + 1)]), `${'*'.repeat(1000)}deep;`);
  const nested = [
    int,
    ...chain((type, i) => (i ? struct(`s${i}`, 4, ['s', type, 0]) : struct('s0', 4, ['n', 1, 0]))),
  ];
  t.match(dump(nested), `struct s${length - 1} {\n\tstruct s${length - 2} s;\n};`);
  // The last first: everything waits for everything.
  const backwards = Array.from({ length }, (_, i) =>
    i === length - 1 ? struct('leaf', 4, ['n', length + 1, 0]) : struct(`s${i}`, 4, ['s', i + 2, 0]),
  );
  t.match(dump([...backwards, int]), 'struct s0 {\n\tstruct s1 s;\n};');
});

t.test('what C cannot express is refused', async t => {
  const refused = (reason: RegExp, ...types: BtfType[]): unknown => {
    const started = performance.now();
    t.throws(() => dump(types), { code: 'ERR_RAWBPF_FORMAT', message: reason });
    return t.ok(performance.now() - started < 10_000);
  };
  refused(/struct s contains itself/, struct('s', 4, ['s', 1, 0]));
  refused(/typedef a contains itself/, typedef('a', 2), typedef('b', 1));
  refused(/no end/, ptr(1), typedef('p', 1));
  refused(/overlaps/, int, struct('s', 8, ['a', 1, 0], ['b', 1, 16]));
  refused(/reach past/, int, struct('s', 4, ['a', 1, 0], ['b', 1, 32]));
  refused(/not at its start/, int, union('u', 8, ['a', 1, 0], ['b', 1, 32]));
  refused(/has no size/, struct('s', 4, ['f', 2, 0]), { kind: 'fwd', id: 0, name: 'f', of: 'struct' });
  // Anonymous types: nested without measure, and doubling at each level.
  const nest = Array.from({ length: 1000 }, (_, i) => struct('', 4, ['s', i + 1, 0]));
  refused(/nests more than/, int, ...nest, struct('top', 4, ['s', 1001, 0]));
  const doubling = Array.from({ length: 40 }, (_, i) => struct('', 0, ['a', i + 1, 0], ['b', i + 1, 0]));
  refused(/millions of types/, struct('', 0), ...doubling, struct('top', 0, ['s', 41, 0]));
});
