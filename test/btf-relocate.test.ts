import t, { type Test } from 'tap';
import { hostEndian } from '../src/abi/index.js';
import { Btf, type BtfType, distillBase, dumpRaw, encodeBtf, relocateBtf } from '../src/btf/index.js';
import { needs } from './live.js';
import { MakeBtfPeer } from './make-btf-peer.js';

/** A type without an id, which it gets by its place. */
type NewType = BtfType extends infer T ? (T extends BtfType ? Omit<T, 'id'> : never) : never;

function btf(types: readonly NewType[], base?: Btf): Btf {
  const blob = encodeBtf(
    types.map(type => ({ ...type, id: 0 }) as BtfType),
    hostEndian,
    base,
  );
  return Btf.parse(blob, { file: base ? 'module' : 'kernel', ...(base ? { base } : {}) });
}

const int = (name: string, size: number, signed = true): NewType => ({
  kind: 'int',
  name,
  size,
  bits: size * 8,
  offset: 0,
  signed,
  char: false,
  bool: false,
});
const compound = (kind: 'struct' | 'union', name: string, size: number, ...types: number[]): NewType => ({
  kind,
  name,
  size,
  kindFlag: false,
  members: types.map((type, i) => ({
    name: `m${i}`,
    type,
    bitOffset: kind === 'union' ? 0 : i * 32,
    bitSize: 0,
  })),
});
const struct = (name: string, size: number, ...types: number[]) => compound('struct', name, size, ...types);
const ptr = (type: number): NewType => ({ kind: 'ptr', name: '', type });
const typedef = (name: string, type: number): NewType => ({ kind: 'typedef', name, type });
const fwd = (name: string, of: 'struct' | 'union' = 'struct'): NewType => ({ kind: 'fwd', name, of });
const enumeration = (name: string, size: number): NewType => ({
  kind: 'enum',
  name,
  size,
  signed: false,
  values: [{ name: `${name}_A`, value: 1 }],
});
const enum64 = (name: string): NewType => ({
  kind: 'enum64',
  name,
  size: 8,
  signed: false,
  values: [{ name: `${name}_A`, value: 1n << 40n }],
});

const built = btf([
  int('int', 4), // 1
  int('long', 8), // 2
  struct('inner', 4, 1), // 3
  struct('outer', 8, 1, 1), // 4
  ptr(4), // 5
  typedef('word', 2), // 6
  struct('', 8, 1, 3), // 7
  fwd('hidden'), // 8
  ptr(8), // 9
  enumeration('color', 4), // 10
  enum64('large'), // 11
  compound('union', 'either', 4, 1), // 12
  struct('unused', 4, 1), // 13
  { kind: 'float', name: 'float', size: 4 }, // 14
]);
const ownTypes = [
  struct('mine', 24, 3, 5, 6, 7, 9), // 15: holds `inner`, points to `outer`
  struct('more', 24, 10, 11, 12, 14), // 16
  ptr(15), // 17
];
const module = btf(ownTypes, built);

/** The kernel grown: other ids, other members, other sizes where that does no harm. */
const running: readonly NewType[] = [
  struct('outer', 16, 2, 2), // 1, of another size
  int('long', 8), // 2
  int('int', 4), // 3
  struct('inner', 4, 3), // 4
  struct('hidden', 4, 3), // 5, known by now
  { kind: 'float', name: 'float', size: 4 }, // 6
  enum64('large'), // 7
  enumeration('color', 4), // 8
  compound('union', 'either', 8, 2), // 9, but that is held
  compound('union', 'either', 4, 3), // 10
  int('int', 4, false), // 11, unsigned
];

const relocated = (types: readonly NewType[], of = module) => {
  const { base, split } = distillBase(of);
  return relocateBtf(Btf.parse(base, { file: 'module' }), split, btf(types));
};

t.test('a distilled base has what is used, without members', async t => {
  const { base, split } = distillBase(module);
  const baseBtf = Btf.parse(base);
  t.same(
    [...dumpRaw(baseBtf)],
    [
      "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED",
      "[2] INT 'long' size=8 bits_offset=0 nr_bits=64 encoding=SIGNED",
      "[3] STRUCT 'inner' size=4 vlen=0",
      "[4] STRUCT 'outer' size=8 vlen=0",
      "[5] FWD 'hidden' fwd_kind=struct",
      "[6] ENUM 'color' encoding=UNSIGNED size=4 vlen=0",
      "[7] ENUM 'large' encoding=UNSIGNED size=8 vlen=0",
      "[8] UNION 'either' size=4 vlen=0",
      "[9] FLOAT 'float' size=4",
    ],
  );
  const splitBtf = Btf.parse(split, { base: baseBtf });
  t.same(
    [...dumpRaw(splitBtf)].filter(line => line.startsWith('[')),
    [
      "[10] STRUCT 'mine' size=24 vlen=5",
      "[11] STRUCT 'more' size=24 vlen=4",
      "[12] PTR '(anon)' type_id=10",
      "[13] PTR '(anon)' type_id=4",
      "[14] TYPEDEF 'word' type_id=2",
      "[15] STRUCT '(anon)' size=8 vlen=2",
      "[16] PTR '(anon)' type_id=5",
    ],
  );
});

t.test('types are found in another kernel', async t => {
  const moved = relocated(running);
  t.equal(moved.startId, running.length + 1);
  const [mine, more] = [moved.type(moved.startId), moved.type(moved.startId + 1)];
  const names = (type: BtfType) =>
    type.kind === 'struct' ? type.members.map(member => [member.name, member.type]) : [];
  t.same(names(mine), [
    ['m0', 4],
    ['m1', 15],
    ['m2', 16],
    ['m3', 17],
    ['m4', 18],
  ]);
  t.same(names(more), [
    ['m0', 8],
    ['m1', 7],
    ['m2', 10],
    ['m3', 6],
  ]);
  t.match(moved.type(15), { kind: 'ptr', type: 1 });
  t.match(moved.type(16), { kind: 'typedef', name: 'word', type: 2 });
  t.match(moved.type(17), { kind: 'struct', name: '', members: [{ type: 3 }, { type: 4 }] });
  t.match(moved.type(18), { kind: 'ptr', type: 5 });
});

const refusals: Readonly<Record<string, readonly [unknown: RegExp, types: readonly NewType[]]>> = {
  'a struct that is held has grown': [/struct inner/, running.with(3, struct('inner', 8, 3, 3))],
  'a struct is missing': [/struct outer/, running.with(0, int('other', 4))],
  'an integer is of another size': [/int long/, running.with(1, int('long', 4))],
  'an enum is of another size': [/enum color/, running.with(7, enumeration('color', 8))],
  'two types fit': [/either could be type 10 or 12/, [...running, compound('union', 'either', 4, 3)]],
  'a forward declaration could be either of two': [/struct hidden/, [...running, struct('hidden', 8, 3, 3)]],
};

t.test('a kernel that the module does not fit', async t => {
  for (const [name, [message, types]] of Object.entries(refusals)) {
    t.throws(() => relocated(types), { code: 'ERR_RAWBPF_FORMAT', section: '.BTF.base' }, name);
    t.throws(() => relocated(types), message, name);
  }
});

t.test('damaged input', async t => {
  const { base, split } = distillBase(module);
  t.throws(() => distillBase(built), TypeError, 'no base');
  const relocateEmpty = (of: Btf) => relocateBtf(of, btf([], of).bytes, btf(running));
  t.throws(() => relocateEmpty(btf([struct('', 4, 1)])), /anonymous/);
  t.throws(() => relocateEmpty(btf([typedef('int', 1)])), /typedef/);
  const short = Btf.parse(base.subarray(0, 24).map((byte, i) => (i >= 12 ? 0 : byte)));
  t.throws(() => relocateBtf(short, split, btf(running)), { code: 'ERR_RAWBPF_FORMAT' }, 'an empty base');
  const user = btf(
    [{ kind: 'decl_tag', name: 'tag', type: 15, componentIdx: -1, kindFlag: false }],
    btf([
      ...Array.from({ length: 14 }, () => int('int', 4)),
      { kind: 'var', name: 'v', type: 1, linkage: 'global' },
    ]),
  );
  t.throws(() => distillBase(user), /a var of its base/);
});

/** Types and strings; headers of the newest libbpf are longer. */
function body(bytes: Uint8Array): Buffer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (at: number) => view.getUint32(at, hostEndian === 'little');
  const section = (at: number, length: number) =>
    bytes.subarray(field(4) + field(at), field(4) + field(at) + field(length));
  return Buffer.concat([section(8, 12), section(16, 20)]);
}

function same(t: Test, ours: Uint8Array, theirs: Uint8Array | undefined, name: string): void {
  t.ok(theirs && Buffer.compare(body(ours), body(theirs)) === 0, name);
}

t.test('libbpf distils and relocates the same', async t => {
  if (!needs(t, { tools: ['gcc'] })) return;
  using peer = new MakeBtfPeer();
  if (peer.version < 5) return t.plan(0, `needs libbpf 1.5, this is 1.${peer.version}`);
  const ours = distillBase(module);
  const theirs = peer.distill(module.bytes, built.bytes);
  same(t, ours.base, theirs.base, 'base');
  same(t, ours.split, theirs.split, 'split');
  const moved = relocated(running);
  same(t, moved.bytes, peer.relocate(theirs.split, theirs.base, btf(running).bytes), 'relocated');
  for (const [name, [, types]] of Object.entries(refusals))
    t.equal(peer.relocate(theirs.split, theirs.base, btf(types).bytes), undefined, name);
});
