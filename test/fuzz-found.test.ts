import t, { type Test } from 'tap';
import {
  Btf,
  type BtfEnum,
  type BtfMember,
  type BtfType,
  codec,
  dumpC,
  encodeBtf,
  typeName,
} from '../src/btf/index.js';
import { FormatError } from '../src/errors/index.js';
import { intType as int } from './make-types.js';

const member = (name: string, type: number): BtfMember => ({ name, type, bitOffset: 0, bitSize: 0 });
const compound = (
  kind: 'struct' | 'union',
  name: string,
  size: number,
  members: readonly BtfMember[],
): BtfType => ({ kind, id: 0, name, size, kindFlag: false, members });

function btf(...types: BtfType[]): Btf {
  return Btf.parse(encodeBtf(types, 'little'));
}

/** Runs in far less than a second what once took for ever. */
function quickly(t: Test, what: string, run: () => void): void {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  t.ok(user + system < 1e6, `${what}: ${(user + system) / 1000} ms`);
}

t.test('a struct that is its own anonymous member', async t => {
  const types = btf(int, compound('struct', 'own', 4, [member('', 2)]));
  t.throws(() => codec(types, 2), { code: 'ERR_RAWBPF_FORMAT', message: /type 2 .*contains itself/ });
});

t.test('unions of two unions of two unions …', async t => {
  for (const name of ['named', '']) {
    const depth = 40;
    const types: BtfType[] = [int];
    for (let i = 0; i < depth; i++)
      types.push(
        compound('union', name && `u${i}`, 4, [member(name && 'a', i + 1), member(name && 'b', i + 1)]),
      );
    quickly(t, name || 'anonymous', () => {
      t.throws(() => codec(btf(...types), depth + 1), {
        code: 'ERR_RAWBPF_FORMAT',
        message: /values in 4 bytes overlap without measure/,
      });
    });
  }
});

t.test('a union of many members is no such thing', async t => {
  const members = Array.from({ length: 1000 }, (_, i) => member(`m${i}`, 1));
  const many = codec(btf(int, compound('union', 'many', 4, members)), 2);
  t.equal(Object.keys(many.read(new Uint8Array(4)) as object).length, 1000);
});

t.test('millions of elements that take no bytes', async t => {
  const array: BtfType = { kind: 'array', id: 0, name: '', type: 2, indexType: 1, nelems: 1 << 26 };
  quickly(t, 'array of empty structs', () => {
    t.throws(() => codec(btf(int, compound('struct', 'empty', 0, []), array), 3), FormatError);
  });
});

t.test('a prototype whose parameters are of its own type', async t => {
  const params = Array.from({ length: 8 }, () => ({ name: '', type: 2 }));
  const proto: BtfType = { kind: 'func_proto', id: 0, name: '', type: 2, params };
  quickly(t, 'its name', () => {
    const name = typeName(btf(int, proto), 2);
    t.ok(name.length < 5000, `${name.length} characters`);
    t.match(name, /…/);
  });
});

t.test('arrays of arrays that no memory holds', async t => {
  const arrays: BtfType[] = [int];
  for (let i = 1; i < 6; i++)
    arrays.push({ kind: 'array', id: 0, name: '', type: i, indexType: 1, nelems: 0xffff });
  const types = btf(...arrays);
  t.equal(types.sizeOf(2), 4 * 0xffff);
  t.throws(() => types.sizeOf(6), { code: 'ERR_RAWBPF_FORMAT', message: /4 GiB or more/ });
  t.throws(() => codec(types, 6), FormatError);
});

t.test('names that overlap: every byte of a megabyte starts one', async t => {
  const count = 100_000;
  const long = 'x'.repeat(1 << 20);
  const values = Array.from({ length: count }, (_, value) => ({ name: '', value }));
  const blob = encodeBtf([{ kind: 'enum', id: 0, name: long, size: 4, signed: false, values }], 'little');
  const view = new DataView(blob.buffer);
  for (let i = 0; i < count; i++) view.setUint32(24 + 12 + i * 8, 1 + i, true);
  quickly(t, 'decoding', () => {
    t.throws(() => Btf.parse(blob).type(1), {
      code: 'ERR_RAWBPF_FORMAT',
      message: /overlap without measure/,
    });
  });
  quickly(t, 'one name for all', () => {
    for (let i = 0; i < count; i++) view.setUint32(24 + 12 + i * 8, 1, true);
    t.equal((Btf.parse(blob).type(1) as BtfEnum).values.length, count);
  });
});

t.test('finding a name among types whose names overlap', async t => {
  const count = 50_000;
  const types: BtfType[] = [compound('struct', 'x'.repeat(1 << 20), 4, [])];
  for (let i = 1; i < count; i++) types.push(compound('struct', '', 4, []));
  const blob = encodeBtf(types, 'little');
  const view = new DataView(blob.buffer);
  for (let i = 0; i < count; i++) view.setUint32(24 + 12 * i, 1 + i, true);
  const damaged = Btf.parse(blob);
  quickly(t, 'finding', () => {
    for (let i = 0; i < 10; i++) t.equal(damaged.findByName(`name${i}`), undefined);
    t.same([...damaged.findFlavours(['name'])], [['name', []]]);
  });
});

t.test('structs that hold the one before twice, without a name, as C', async t => {
  const types: BtfType[] = [int];
  for (let i = 0; i < 40; i++)
    types.push(compound('struct', '', 4, [member('a', i + 1), member('b', i + 1)]));
  types.push(compound('struct', 'top', 4, [member('a', 41)]));
  quickly(t, 'dumping', () => {
    t.throws(() => [...dumpC(btf(...types))], FormatError);
  });
});
