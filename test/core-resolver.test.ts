import t from 'tap';
import { BpfCoreReloKind } from '../src/abi/index.js';
import { accessText, type Btf, type CoreResolution, CoreResolver, whyMissing } from '../src/btf/index.js';
import { array, enumeration, int, makeBtf, type NewType, pointer, struct } from './make-types.js';

const kinds = BpfCoreReloKind;

/** What the object says: `struct s { int a; int b; int c[4]; };` is type 3. */
const local: NewType[] = [
  int('int', 4, true),
  array(1, 4),
  struct('s', 24, ['a', 1, 0], ['b', 1, 4], ['c', 2, 8]),
];

function resolve(
  ours: readonly NewType[],
  theirs: readonly NewType[] | readonly Btf[],
  kind: number,
  access: string,
  typeId = ours.length,
): CoreResolution {
  const btfs = theirs.map(each => each);
  const targets = isBtfs(btfs) ? btfs : [makeBtf(btfs as NewType[])];
  const resolver = new CoreResolver(
    makeBtf(ours),
    targets.map((btf, i) => ({ name: i === 0 ? 'vmlinux' : `module${i}`, btf })),
  );
  return resolver.resolve({ insnOffset: 0, typeId, access, kind });
}

function isBtfs(list: readonly (NewType | Btf)[]): list is Btf[] {
  return list.every(each => 'bytes' in each);
}

const {
  BPF_CORE_FIELD_BYTE_OFFSET: offset,
  BPF_CORE_FIELD_BYTE_SIZE: size,
  BPF_CORE_FIELD_EXISTS: exists,
} = kinds;

t.test('a field is found by its name, wherever it is', async t => {
  const moved = [int('int', 4, true), struct('s', 12, ['x', 1, 0], ['b', 1, 8], ['a', 1, 4])];
  t.match(resolve(local, moved, offset, '0:1').values, {
    before: 4n,
    after: 8n,
    poison: false,
    validate: true,
  });
  t.match(resolve(local, moved, offset, '0:0').values, { before: 0n, after: 4n });
  t.match(resolve(local, moved, exists, '0:2').values, { before: 1n, after: 0n, poison: false });
  t.match(resolve(local, moved, offset, '0:2:1').values, { before: 12n, poison: true });
  t.match(
    resolve(local, moved, offset, '2:1').values,
    { before: 52n, after: 32n },
    'the third struct of an array',
  );
});

t.test('a field is found in anonymous members, and passes through them', async t => {
  const nested = [
    int('int', 4, true),
    struct('', 8, ['x', 1, 0], ['b', 1, 4]),
    struct('', 12, ['y', 1, 0], ['', 2, 4]),
    struct('s', 20, ['a', 1, 0], ['', 3, 8]),
  ];
  const { values, target } = resolve(local, nested, offset, '0:1');
  t.match(values, { before: 4n, after: 16n });
  t.equal(target && accessText(target), '<byte_off> [4] struct s.b (0:1:1:1 @ offset 16)');
});

t.test('elements of arrays are within their bounds, or the array has none', async t => {
  const shorter = [int('int', 4, true), array(1, 2), struct('s', 8, ['c', 2, 0])];
  const open = [int('int', 4, true), array(1, 0), struct('s', 4, ['b', 1, 0], ['c', 2, 4])];
  const notLast = [int('int', 4, true), array(1, 0), struct('s', 4, ['c', 2, 0], ['b', 1, 0])];
  t.match(resolve(local, shorter, offset, '0:2:1').values, { before: 12n, after: 4n, sizeBefore: 4 });
  t.match(resolve(local, shorter, exists, '0:2:2').values, { after: 0n });
  t.match(resolve(local, open, offset, '0:2:3').values, { after: 16n });
  t.match(resolve(local, notLast, exists, '0:2:3').values, { after: 0n });
  t.match(resolve(local, shorter, size, '0:2').values, { before: 16n, after: 8n });
  t.throws(() => resolve(local, shorter, offset, '0:2:4'), /4 elements, and none with index 4/);
  t.throws(
    () => resolve(local, shorter, kinds.BPF_CORE_FIELD_SIGNED, '0:2:1'),
    /only the offset and the size of an array element/,
  );
});

t.test('a field of another kind is as good as none', async t => {
  const other = [int('int', 4, true), pointer(1), struct('s', 8, ['a', 2, 0])];
  const resolution = resolve(local, other, exists, '0:0');
  t.match(resolution.values, { after: 0n });
  t.match(whyMissing(resolution), /s\.a is int \* in the kernel, int in the object/);
});

t.test('what is missing is said with the names that are near', async t => {
  const other = [int('int', 4, true), struct('s', 8, ['bb', 1, 0], ['other', 1, 4])];
  t.equal(
    whyMissing(resolve(local, other, offset, '0:1')),
    'struct s of the kernel has no member b; it has bb',
  );
  t.equal(whyMissing(resolve(local, [int('int')], offset, '0:1')), 'the kernel has no struct s');
});

t.test('flavours of a name are one, here and there', async t => {
  const ours = [int('int'), struct('s___mine', 8, ['a', 1, 4])];
  const theirs = [
    int('int'),
    struct('s___old', 8, ['a', 1, 0]),
    struct('s____not_a_flavour', 4, ['b', 1, 0]),
  ];
  t.match(resolve(ours, theirs, offset, '0:0').values, { before: 4n, after: 0n });
  t.match(resolve(ours, theirs, offset, '0:0').candidates, [{ id: 2 }]);
  const two = [
    int('int'),
    struct('s', 4, ['b', 1, 0]),
    struct('s___2', 8, ['a', 1, 4]),
    struct('s___3', 8, ['a', 1, 4]),
  ];
  t.match(resolve(ours, two, offset, '0:0').candidates, [{ id: 3 }, { id: 4 }], 'those that have the field');
});

t.test('candidates that disagree are refused', async t => {
  const ours = [int('int'), struct('s', 8, ['a', 1, 4])];
  const theirs = [int('int'), struct('s', 8, ['a', 1, 4]), struct('s___2', 12, ['a', 1, 8])];
  t.throws(() => resolve(ours, theirs, offset, '0:0'), /do not agree/);
  t.throws(() => resolve(ours, theirs, kinds.BPF_CORE_TYPE_SIZE, '0'), /do not agree/);
  t.throws(() => resolve(ours, theirs, exists, '0:0'), /do not agree/, 'also of what only has to be there');
});

t.test('modules are asked when vmlinux has none, and then all of them', async t => {
  const vmlinux = makeBtf([int('int')]);
  const module = (at: number): Btf => makeBtf([struct('s', 16, ['a', 1, at])], { base: vmlinux });
  const ours = [int('int'), struct('s', 8, ['a', 1, 4])];
  const found = resolve(ours, [vmlinux, module(8), module(8)], offset, '0:0');
  t.match(found.values, { after: 8n });
  t.same(
    found.candidates.map(c => [c.target.name, c.id]),
    [
      ['module1', 2],
      ['module2', 2],
    ],
  );
  t.throws(() => resolve(ours, [vmlinux, module(8), module(12)], offset, '0:0'), /do not agree/);
  const whole = makeBtf([int('int'), struct('s', 8, ['a', 1, 0])]);
  t.match(resolve(ours, [whole, module(8)], offset, '0:0').values, { after: 0n }, 'vmlinux comes first');
});

t.test('sizes of loads and stores follow unsigned numbers and pointers', async t => {
  const types = (size: number, signed: boolean): NewType[] => [
    int('x', size, signed),
    pointer(1),
    struct('s', 16, ['a', 1, 0], ['p', 2, 8]),
  ];
  const changed = resolve(types(8, false), types(4, false), offset, '0:0').values;
  t.match(changed, { sizeBefore: 8, sizeAfter: 4, sizesClash: false });
  t.match(resolve(types(8, true), types(4, false), offset, '0:0').values, { sizesClash: true });
  t.match(resolve(types(4, true), types(4, false), offset, '0:0').values, { sizesClash: false });
  t.match(resolve(types(4, true), types(4, true), offset, '0:1').values, { sizeBefore: 8, sizeAfter: 8 });
  // The kernel of a 32-bit machine says so by its long.
  const small: NewType[] = [int('long unsigned int', 4), pointer(1), struct('s', 8, ['p', 2, 4])];
  t.match(resolve(types(4, true), small, offset, '0:1').values, {
    after: 4n,
    sizeBefore: 8,
    sizeAfter: 4,
    sizesClash: false,
  });
});

t.test('bit-fields are read by the smallest aligned integer that holds them', async t => {
  const bits = (at: number, signed: boolean): NewType[] => [
    int('x', 4, signed),
    int('char', 1),
    struct('s', 16, ['b', 1, at, 7], ['c', 2, 100, 3]),
  ];
  const of = (at: number, kind: number, signed = false): unknown => {
    const { validate, before, after } = resolve(bits(3, true), bits(at, signed), kind, '0:0').values;
    return [validate, before, after];
  };
  t.same(of(35, offset), [false, 0n, 4n]);
  t.same(of(35, size), [false, 4n, 4n]);
  t.same(of(28, offset), [false, 0n, 0n], 'across two words: eight bytes');
  t.same(of(28, size), [false, 4n, 8n]);
  t.same(of(28, kinds.BPF_CORE_FIELD_LSHIFT_U64), [false, 54n, 29n]);
  t.same(of(28, kinds.BPF_CORE_FIELD_RSHIFT_U64), [true, 57n, 57n]);
  t.same(of(28, kinds.BPF_CORE_FIELD_SIGNED), [true, 1n, 0n]);
  t.throws(() => of(60, offset), /cannot be read by a load of 64 bits/);
  const big = makeBtf(bits(28, true), { endian: 'big' });
  const resolver = new CoreResolver(big, [{ name: 'vmlinux', btf: big }]);
  const kind = kinds.BPF_CORE_FIELD_LSHIFT_U64;
  t.match(resolver.resolve({ insnOffset: 0, typeId: 3, access: '0:0', kind }).values, { after: 28n });
});

t.test('values of enums go by name, flavours aside', async t => {
  const ours = [enumeration('e___mine', { ONE___x: 7, TWO: -2, THREE: 9 })];
  const theirs = [enumeration('e', { TWO: 2, ONE: -1, THREES: 3 })];
  const { BPF_CORE_ENUMVAL_VALUE: value, BPF_CORE_ENUMVAL_EXISTS: valueExists } = kinds;
  t.match(resolve(ours, theirs, value, '0').values, { before: 7n, after: 2n ** 64n - 1n });
  t.match(resolve(ours, theirs, value, '1').values, { before: 2n ** 64n - 2n, after: 2n });
  t.match(resolve(ours, theirs, value, '2').values, { poison: true });
  t.match(resolve(ours, theirs, valueExists, '2').values, { before: 1n, after: 0n });
  t.equal(
    whyMissing(resolve(ours, theirs, value, '2')),
    'enum e of the kernel has no value THREE; it has THREES',
  );
  const wide: NewType[] = [
    { kind: 'enum64', name: 'e', size: 8, signed: false, values: [{ name: 'ONE', value: 1n << 40n }] },
  ];
  t.match(resolve(ours, wide, value, '0').values, { after: 1n << 40n }, 'an enum64 for an enum');
  t.throws(() => resolve(ours, theirs, value, '3'), /no value of enum e___mine/);
});

t.test('types: their ids, sizes, existence', async t => {
  const ours = [int('int'), struct('s', 4, ['a', 1, 0]), { kind: 'typedef', name: 'td', type: 2 } as const];
  const theirs = [int('x'), int('int'), struct('s', 64, ['b', 1, 0]), int('td')];
  const type = (kind: number, typeId: number): unknown => {
    const { before, after, validate } = resolve(ours, theirs, kind, '0', typeId).values;
    return [before, after, validate];
  };
  t.same(type(kinds.BPF_CORE_TYPE_ID_LOCAL, 2), [2n, 2n, false]);
  t.same(type(kinds.BPF_CORE_TYPE_ID_TARGET, 2), [2n, 3n, false]);
  t.same(type(kinds.BPF_CORE_TYPE_SIZE, 2), [4n, 64n, true]);
  t.same(type(kinds.BPF_CORE_TYPE_EXISTS, 2), [1n, 1n, true]);
  t.same(type(kinds.BPF_CORE_TYPE_MATCHES, 2), [1n, 0n, true]);
  t.same(type(kinds.BPF_CORE_TYPE_EXISTS, 3), [1n, 0n, true], 'a typedef is none of an int of its name');
  t.throws(() => resolve(ours, theirs, kinds.BPF_CORE_TYPE_EXISTS, '0:0', 2), /the access "0:0" of a type/);
});

t.test('relocations that make no sense are refused', async t => {
  const bad =
    (access: string, kind: number = offset): (() => unknown) =>
    () =>
      resolve(local, local, kind, access);
  t.throws(bad('0:9'), /struct s has no member 9/);
  t.throws(bad('0:0:0'), /int int has neither members nor elements/);
  t.throws(bad(''), /not up to 64 numbers/);
  t.throws(bad('0:x'), /not up to 64 numbers/);
  t.throws(bad(Array(65).fill('0').join(':')), /not up to 64 numbers/);
  t.throws(bad('0:0', 99), /kind 99/);
  t.throws(() => resolve([int('int'), pointer(1)], local, exists, '0', 2), /without a name/);
});
