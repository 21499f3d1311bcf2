import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import t, { type Test } from 'tap';
import { hostEndian } from '../src/abi/index.js';
import { Btf, BtfMerger, type BtfType, dedupBtf, dumpRaw, encodeBtf } from '../src/btf/index.js';
import { parseElf } from '../src/elf/index.js';
import { compile } from './compile.js';
import { needs } from './live.js';
import { MakeBtfPeer } from './make-btf-peer.js';
import { intType } from './make-types.js';
import { fixture, fixtureBytes, repository } from './repository.js';

t.setTimeout(240_000);

function objectBtf(bytes: Uint8Array, file: string): Btf {
  const data = parseElf(bytes, file).section('.BTF')?.data ?? new Uint8Array();
  return Btf.parse(data, { file });
}

function merged(...blobs: readonly Btf[]): Uint8Array {
  const merger = new BtfMerger(blobs[0]?.endian ?? hostEndian);
  for (const blob of blobs) merger.add(blob);
  return merger.bytes();
}

const compiled = new Map<string, Btf>();

/** The BTF of several compilation units, one after another. */
function units(t: Test, ...sources: readonly string[]): Uint8Array {
  for (const source of sources)
    if (!compiled.has(source)) compiled.set(source, objectBtf(readFileSync(compile(t, source)), 'unit'));
  return merged(...sources.map(source => compiled.get(source) as Btf));
}

/** Checks that libbpf makes the same of it, byte for byte. */
function compare(t: Test, peer: MakeBtfPeer, bytes: Uint8Array, name: string, base?: Uint8Array): void {
  const baseBtf = base && Btf.parse(base);
  const options = baseBtf ? { base: baseBtf } : {};
  const { bytes: ours, ids } = dedupBtf(Btf.parse(bytes, options));
  const theirs = peer.dedup(bytes, base);
  if (!theirs) return void t.fail(`libbpf refuses ${name}`);
  const dump = (blob: Uint8Array) => [...dumpRaw(Btf.parse(blob, options))];
  if (Buffer.compare(ours, theirs) === 0) t.pass(name);
  else t.same(dump(ours), dump(theirs), name);
  const { startId, endId } = Btf.parse(ours, options);
  t.ok(
    ids.every(id => id < endId),
    `${name}: ids`,
  );
  t.equal(
    new Set(ids.filter(id => id >= startId)).size,
    endId - startId,
    `${name}: every type stands for one`,
  );
}

const cases: Readonly<Record<string, readonly string[]>> = {
  'forward declarations, each completed by the other unit': [
    'struct S; struct A { int a; struct A *self; struct S *parent; }; struct B; struct S { struct A *a; struct B *b; }; struct S s;',
    'struct S; struct A; struct B { int b; struct B *self; struct S *parent; }; struct S { struct A *a; struct B *b; }; struct S s;',
  ],
  'a forward declaration that no comparison meets': [
    'struct foo; struct foo *some;',
    'struct foo { int u; }; struct foo *other;',
  ],
  'a forward declaration of a union': [
    'union foo; union foo *some;',
    'union foo { int u; }; union foo *other;',
  ],
  'a forward declaration of two structs of its name': [
    'struct foo; struct foo *some;',
    'struct foo { int u; }; struct foo *other;',
    'struct foo { long u; }; struct foo *third;',
  ],
  'a forward declaration of the wrong kind': [
    'struct foo; struct foo *some;',
    'union foo { int u; }; union foo *other;',
  ],
  'structs of one name that differ deep down': [
    'struct leaf { int v; }; struct mid { struct leaf *l; }; struct top { struct mid *m; }; struct top t;',
    'struct leaf { long v; }; struct mid { struct leaf *l; }; struct top { struct mid *m; }; struct top t;',
    'struct leaf { int v; }; struct mid { struct leaf *l; }; struct top { struct mid *m; }; struct top t;',
  ],
  'structs in a circle': [
    'struct b; struct a { struct b *b; }; struct c { struct a *a; }; struct b { struct c *c; struct a a[2]; }; struct a x;',
    'struct b; struct a { struct b *b; }; struct c { struct a *a; }; struct b { struct c *c; struct a a[2]; }; struct c x;',
  ],
  arrays: [
    'int a[4]; int b[5]; struct s { int m[4][4]; char *p[3]; } s;',
    'int b[4]; int c[5]; struct s { int m[4][4]; char *p[3]; } s; struct s many[9];',
  ],
  'anonymous structs and unions': [
    'struct o { struct { int a; union { int b; long c; }; }; struct { int a; } named; } o; struct { int a; } v;',
    'struct o { struct { int a; union { int b; long c; }; }; struct { int a; } named; } p; struct { int b; } v;',
  ],
  'bit-fields': [
    'struct f { int a : 3; int b : 4; unsigned c : 9; } f;',
    'struct f { int a : 3; int b : 4; unsigned c : 9; } f; struct g { struct f f; int a : 4; } g;',
  ],
  'enums, small and large, and declared only': [
    'enum e { A, B }; enum big { C = 0x100000000ull }; struct h { enum e e; enum big b; } h; enum later; enum later *l;',
    'enum e { A, B }; enum big { C = 0x100000000ull }; struct h { enum e e; enum big b; } i; enum later { L }; enum later *l; enum later n;',
  ],
  'typedefs, qualifiers and functions': [
    'typedef unsigned long size_t; typedef const size_t *csz; typedef int (*cb)(const char *, csz, volatile void *restrict); cb f; int use(cb g) { return g("", 0, 0); }',
    'typedef unsigned long size_t; typedef const size_t *csz; typedef int (*cb)(const char *, csz, volatile void *restrict); cb f; int use(cb g) { return g("", 0, 0); } int other(csz s) { return *s; }',
  ],
  tags: [
    '#define tag __attribute__((btf_decl_tag("t")))\n#define ttag __attribute__((btf_type_tag("u")))\nstruct s { int a tag; int ttag *b; } s; int f(int x tag) { return x; }',
    '#define tag __attribute__((btf_decl_tag("t")))\n#define ttag __attribute__((btf_type_tag("u")))\nstruct s { int a tag; int ttag *b; } s; int f(int x tag) { return x; } int tag v;',
  ],
  floats: ['float f; double d; struct s { float f; } s;', 'double f; float d; struct s { float f; } s;'],
};

t.test('compilation units are merged as libbpf merges them', async t => {
  if (!needs(t, { tools: ['gcc', 'clang'] })) return;
  using peer = new MakeBtfPeer();
  for (const [name, sources] of Object.entries(cases)) {
    compare(t, peer, units(t, ...sources), name);
    compare(t, peer, units(t, ...sources.toReversed()), `${name}, in the other order`);
    compare(t, peer, units(t, ...sources, ...sources), `${name}, twice`);
  }
  compare(t, peer, units(t, ...Object.values(cases).flat()), 'all of it');
});

t.test('every fixture joined to every other', async t => {
  if (!needs(t, { tools: ['gcc'] })) return;
  using peer = new MakeBtfPeer();
  const names = readdirSync(`${repository}/fixtures`).filter(name => name.endsWith('.bpf.o'));
  const blobs = names.map(name => objectBtf(fixtureBytes(basename(name, '.bpf.o')), name));
  for (const [i, blob] of blobs.entries())
    compare(t, peer, merged(blob, blobs[(i + 1) % blobs.length] ?? blob), `${names[i]} and the next`);
  compare(t, peer, merged(...blobs), 'all fixtures');
});

t.test('the types of the kernel, twice', async t => {
  const path = '/sys/kernel/btf/vmlinux';
  if (!existsSync(path)) return t.plan(0, `needs ${path}`);
  if (!needs(t, { tools: ['gcc'] })) return;
  using peer = new MakeBtfPeer();
  const btf = Btf.parse(readFileSync(path));
  compare(t, peer, merged(btf, btf), 'vmlinux twice');
});

t.test('split BTF is compared to its base', async t => {
  if (!needs(t, { tools: ['gcc', 'clang'] })) return;
  using peer = new MakeBtfPeer();
  for (const [name, sources] of Object.entries(cases))
    for (const [first = '', ...rest] of [sources, sources.toReversed()]) {
      const base = units(t, first);
      const merger = new BtfMerger(hostEndian, Btf.parse(base));
      merger.add(Btf.parse(units(t, ...rest)));
      compare(t, peer, merger.bytes(), name, base);
    }
});

t.test('the same of either byte order', async t => {
  const btf = objectBtf(fixtureBytes('test-types'), fixture('test-types'));
  const types = Array.from({ length: btf.endId - 1 }, (_, i) => btf.type(i + 1));
  const [little, big] = (['little', 'big'] as const).map(endian => {
    const one = Btf.parse(encodeBtf(types, endian));
    return Btf.parse(dedupBtf(Btf.parse(merged(one, one))).bytes);
  });
  t.equal(little?.endian, 'little');
  t.equal(big?.endian, 'big');
  t.same([...dumpRaw(big as Btf)], [...dumpRaw(little as Btf)]);
});

const ptrTo = (type: number): BtfType => ({ id: 0, kind: 'ptr', name: '', type });
const dedupTypes = (types: readonly BtfType[]) => {
  const { bytes, ids } = dedupBtf(Btf.parse(encodeBtf(types, hostEndian)));
  return { types: [...dumpRaw(Btf.parse(bytes))], ids: [...ids] };
};

t.test('what becomes of types and their ids', async t => {
  const forward: BtfType = { id: 0, kind: 'fwd', name: 'foo', of: 'struct' };
  const members = [{ name: 'u', type: 1, bitOffset: 0, bitSize: 0 }];
  const foo: BtfType = { id: 0, kind: 'struct', name: 'foo', size: 4, kindFlag: false, members };
  const { types, ids } = dedupTypes([intType, forward, ptrTo(2), intType, foo, ptrTo(5)]);
  t.same(ids, [1, 3, 2, 1, 3, 2]);
  t.same(types, [
    "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED",
    "[2] PTR '(anon)' type_id=3",
    "[3] STRUCT 'foo' size=4 vlen=1",
    "\t'u' type_id=1 bits_offset=0",
  ]);
});

t.test('arrays of different elements make structs different', async t => {
  const array = (type: number): BtfType => ({
    id: 0,
    kind: 'array',
    name: '',
    type,
    indexType: 1,
    nelems: 4,
  });
  const struct = (a: number, b: number): BtfType => ({
    id: 0,
    kind: 'struct',
    name: 's',
    size: 32,
    kindFlag: false,
    members: [
      { name: 'a', type: a, bitOffset: 0, bitSize: 0 },
      { name: 'b', type: b, bitOffset: 128, bitSize: 0 },
    ],
  });
  const unsigned: BtfType = { ...intType, name: 'unsigned int', signed: false };
  const { ids } = dedupTypes([intType, unsigned, array(1), struct(3, 3), array(1), array(2), struct(5, 6)]);
  t.same(ids, [1, 2, 3, 4, 3, 5, 6]);
});

t.test('bad input', async t => {
  const deep = Array.from({ length: 300_000 }, (_, i) => ptrTo(i));
  t.equal(dedupTypes(deep).ids.length, deep.length, 'pointers to pointers, very deep');
  const structs = Array.from({ length: 100_000 }, (_, i): BtfType => {
    const type = i % 50_000 === 49_999 ? 0 : i + 2;
    const members = [{ name: 'next', type, bitOffset: 0, bitSize: 0 }];
    return { id: 0, kind: 'struct', name: `s${i % 50_000}`, size: 8, kindFlag: false, members };
  });
  t.equal(new Set(dedupTypes(structs).ids).size, 50_000, 'structs in structs, very deep');
  t.throws(
    () => dedupTypes([ptrTo(2), ptrTo(1)]),
    { code: 'ERR_RAWBPF_FORMAT', field: 'type 1' },
    'a circle',
  );
  t.throws(() => dedupTypes([ptrTo(7)]), { code: 'ERR_RAWBPF_FORMAT', field: 'type 1' }, 'no such type');
  const alike = Array.from({ length: 20_000 }, (_, i): BtfType[] => {
    const members = [{ name: 'p', type: 2 * i + 1, bitOffset: 0, bitSize: 0 }];
    return [
      { id: 0, kind: 'fwd', name: `f${i}`, of: 'struct' },
      { id: 0, kind: 'struct', name: 's', size: 8, kindFlag: false, members },
    ];
  });
  t.throws(() => dedupTypes(alike.flat()), /alike/, 'structs that are all but the same');
});
