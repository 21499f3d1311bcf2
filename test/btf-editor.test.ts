import t from 'tap';
import { hostEndian } from '../src/abi/index.js';
import { Btf, BtfEditor, type BtfStruct, type BtfType, btfKind, encodeBtf } from '../src/btf/index.js';

const int = { kind: 'int', size: 4, bits: 32, offset: 0, signed: true, char: false, bool: false } as const;
const member = (name: string, bitOffset = 0, bitSize = 0) => ({ name, type: 1, bitOffset, bitSize });

/** One of each kind, and of each flag. */
const kinds: readonly BtfType[] = [
  { id: 1, name: 'int', ...int },
  { id: 2, name: 'bool', ...int, size: 1, bits: 8, signed: false, bool: true },
  { id: 3, name: 'char', ...int, size: 1, bits: 7, offset: 1, char: true },
  { id: 4, name: '', kind: 'ptr', type: 1 },
  { id: 5, name: '', kind: 'array', type: 4, indexType: 1, nelems: 0xffffffff },
  { id: 6, name: 's', kind: 'struct', size: 8, kindFlag: false, members: [member('a'), member('b', 32)] },
  {
    id: 7,
    name: 'bits',
    kind: 'struct',
    size: 4,
    kindFlag: true,
    members: [member('a', 0, 31), member('', 31, 1)],
  },
  {
    id: 8,
    name: 'u',
    kind: 'union',
    size: 0xffffffff,
    kindFlag: false,
    members: [member('far', 0xfffffff8)],
  },
  { id: 9, name: 'e', kind: 'enum', size: 4, signed: false, values: [{ name: 'A', value: 0xffffffff }] },
  { id: 10, name: 'n', kind: 'enum', size: 1, signed: true, values: [{ name: 'B', value: -1 }] },
  {
    id: 11,
    name: 'big',
    kind: 'enum64',
    size: 8,
    signed: false,
    values: [{ name: 'C', value: 2n ** 64n - 1n }],
  },
  {
    id: 12,
    name: 'neg',
    kind: 'enum64',
    size: 8,
    signed: true,
    values: [{ name: 'D', value: -(2n ** 63n) }],
  },
  { id: 13, name: 'later', kind: 'fwd', of: 'struct' },
  { id: 14, name: 'either', kind: 'fwd', of: 'union' },
  { id: 15, name: 't', kind: 'typedef', type: 6 },
  { id: 16, name: '', kind: 'const', type: 15 },
  { id: 17, name: '', kind: 'volatile', type: 16 },
  { id: 18, name: '', kind: 'restrict', type: 4 },
  {
    id: 19,
    name: '',
    kind: 'func_proto',
    type: 0,
    params: [
      { name: 'x', type: 1 },
      { name: '', type: 0 },
    ],
  },
  { id: 20, name: 'f', kind: 'func', type: 19, linkage: 'extern' },
  { id: 21, name: 'v', kind: 'var', type: 1, linkage: 'global' },
  { id: 22, name: '.data', kind: 'datasec', size: 4, vars: [{ type: 21, offset: 0, size: 4 }] },
  { id: 23, name: 'double', kind: 'float', size: 8 },
  { id: 24, name: 'tag', kind: 'decl_tag', type: 6, componentIdx: -1, kindFlag: false },
  { id: 25, name: 'attribute', kind: 'decl_tag', type: 6, componentIdx: 1, kindFlag: true },
  { id: 26, name: 'user', kind: 'type_tag', type: 1, kindFlag: false },
  { id: 27, name: 'address_space(1)', kind: 'type_tag', type: 1, kindFlag: true },
];

t.test('every kind is encoded as it was decoded', async t => {
  for (const endian of ['little', 'big'] as const) {
    const btf = Btf.parse(encodeBtf(kinds, endian));
    t.equal(btf.endId, kinds.length + 1);
    for (const type of kinds) t.same(btf.type(type.id), type, `${type.kind} ${type.name}, ${endian}`);
  }
});

t.test('more members than 16 bits count', async t => {
  const many = Array.from({ length: 70_000 }, (_, i) => member(`m${i}`, 32 * i));
  const types: BtfType[] = [
    { id: 1, name: 'int', ...int },
    { id: 2, name: 'large', kind: 'struct', size: 4 * many.length, kindFlag: false, members: many },
  ];
  const btf = Btf.parse(encodeBtf(types, hostEndian));
  t.equal((btf.type(2) as BtfStruct).members.length, many.length);
  const editor = new BtfEditor(btf);
  editor.setKind(2, btfKind.union);
  const union = Btf.parse(editor.result).type(2) as BtfStruct;
  t.equal(union.kind, 'union');
  t.equal(union.members.length, many.length, 'the number of members stays');
  t.same(union.members.at(-1), many.at(-1));
});

t.test('the number of members is set, and all bits of an old one are gone', async t => {
  const named: BtfType = { id: 2, name: 'f', kind: 'func', type: 1, linkage: 0x12345 };
  const editor = new BtfEditor(
    Btf.parse(encodeBtf([{ id: 1, name: '', kind: 'func_proto', type: 0, params: [] }, named], hostEndian)),
  );
  editor.setVlen(2, 1);
  t.match(Btf.parse(editor.result).type(2), { kind: 'func', linkage: 'global', type: 1 });
});
