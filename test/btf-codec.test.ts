import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Btf, type BtfValue, type Codec, codec } from '../src/btf/index.js';
import { parseElf } from '../src/elf/index.js';
import { repository } from './repository.js';

function open(name: string): { btf: Btf; data(section: string): Uint8Array } {
  const file = join(repository, 'fixtures', `${name}.bpf.o`);
  const elf = parseElf(readFileSync(file), file);
  const data = (section: string): Uint8Array => elf.section(section)?.data ?? new Uint8Array();
  return { btf: Btf.parse(data('.BTF'), { file }), data };
}

function struct(btf: Btf, name: string): Codec {
  return codec(btf, btf.findByName(name, 'struct') ?? 0);
}

/** rw_everything of bpf/test-types.bpf.c, which clang laid out. */
const everything = {
  s8: -1,
  u8: 255,
  s16: -2,
  u16: 65535,
  s32: -3,
  u32: 4294967295,
  s64: -4n,
  u64: 0xffffffffffffffffn,
  yes: true,
  letter: 120,
  name: 'everything',
  raw: [1, 2, 3, 4, 5],
  matrix: [
    [1, 2, 3],
    [4, 5, 6],
  ],
  bits: { a: 1, b: 100, c: -200, d: 30000, e: 0xabcdef0123n, f: -5000000, plain: 77, g: 5, h: true },
  packed: { tag: 9, value: 0x0102030405060708n, tail: 10 },
  word: 0x11223344,
  points: [
    { x: 1, y: -1 },
    { x: 2, y: -2 },
  ],
  deep: 7,
  words: ['one', 'two'],
};

for (const order of ['', 'be/']) {
  t.test(`a struct of every shape that clang filled, ${order || 'little'}`, async t => {
    const { btf, data } = open(`${order}test-types`);
    const type = struct(btf, 'everything');
    const image = data('.data');
    // Its place in .data is found by its text.
    const at = indexOf(image, 'everything\0') - memberOffset(btf, 'everything', 'name');
    const value = type.read(image, at) as Record<string, BtfValue>;
    t.match(value, everything);
    const again = new Uint8Array(type.size);
    type.write(again, value);
    t.same(type.read(again), value, 'survives a round trip');
    t.same(type.read(again, 0), type.read(image, at));
  });
}

function indexOf(bytes: Uint8Array, text: string): number {
  return Buffer.from(bytes).indexOf(text);
}

function memberOffset(btf: Btf, name: string, member: string): number {
  const type = btf.type(btf.findByName(name, 'struct') ?? 0);
  if (type.kind !== 'struct') throw new Error(`${name} is no struct`);
  return (type.members.find(m => m.name === member)?.bitOffset ?? 0) / 8;
}

t.test('a wrong value is a TypeError that names the field', async t => {
  const { btf } = open('test-types');
  const type = struct(btf, 'everything');
  const bytes = new Uint8Array(type.size);
  const cases: [object, RegExp][] = [
    [{ u8: 256 }, /^u8: number 256 .*0 to 255/],
    [{ s8: -129 }, /^s8: /],
    [{ u64: -1n }, /^u64: /],
    [{ u32: 1.5 }, /^u32: /],
    [{ name: 'seventeen letters' }, /^name: .*char\[16\]/],
    [{ bits: { a: 2 } }, /^bits\.a: /],
    [{ points: [{ x: 'one' }] }, /^points\[0\]\.x: "one"/],
    [{ raw: [1, 2, 3, 4, 5, 6] }, /^raw: an array/],
    [{ nothing: 1 }, /nothing: struct everything has no such member/],
  ];
  for (const [value, message] of cases)
    t.throws(() => type.write(bytes, value), { name: 'TypeError', message });
  t.throws(() => type.write(bytes, 5), { name: 'TypeError' });
});

t.test('a codec reads and writes inside its bounds', async t => {
  const { btf } = open('test-types');
  const type = struct(btf, 'bits');
  const bytes = new Uint8Array(type.size + 16).fill(0xaa);
  t.throws(() => type.read(bytes, 17), RangeError);
  t.throws(() => type.read(bytes, -1), RangeError);
  type.write(bytes, { a: 1, e: 5n }, 8);
  t.ok(
    [...bytes.subarray(0, 8), ...bytes.subarray(8 + type.size)].every(byte => byte === 0xaa),
    'nothing around the value is touched',
  );
  t.match(type.read(bytes, 8), { a: 1, b: 0, e: 5n });
});

t.test('options: numbers for 64-bit integers, names for enums', async t => {
  const { btf } = open('test-types');
  const id = btf.findByName('color', 'enum') ?? 0;
  const named = codec(btf, id, { enums: 'name' });
  const bytes = new Uint8Array(4);
  named.write(bytes, 'GREEN');
  t.equal(named.read(bytes), 'GREEN');
  t.equal(codec(btf, id).read(bytes), 5);
  t.throws(() => named.write(bytes, 'MAUVE'), /RED, GREEN, BLUE/);
  const u64 = btf.findByName('__u64') ?? 0;
  t.equal(codec(btf, u64, { int64: 'number' }).read(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0])), 1);
  t.equal(codec(btf, u64), codec(btf, u64), 'one codec a type');
});
