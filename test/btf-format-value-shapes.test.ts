import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { hostEndian } from '../src/abi/index.js';
import { Btf, type BtfType, encodeBtf, formatValue, TruncatedValueError } from '../src/btf/index.js';
import { FormatError } from '../src/errors/index.js';
import { FormatValuePeer } from './format-value-peer.js';
import { needs } from './live.js';
import { composite, type Member } from './make-types.js';

const flags = { id: 0, offset: 0, char: false, bool: false };
const int: BtfType = { ...flags, kind: 'int', name: 'int', size: 4, bits: 32, signed: true };
const byte: BtfType = { ...flags, kind: 'int', name: 'char', size: 1, bits: 8, signed: false };

const struct = (name: string, size: number, ...members: Member[]): BtfType =>
  composite('struct', name, size, members);

const array = (type: number, nelems: number): BtfType => ({
  kind: 'array',
  id: 0,
  name: '',
  type,
  indexType: 1,
  nelems,
});

/** Types numbered from 1, as they stand. */
function btfOf(endian: 'little' | 'big', ...types: BtfType[]): Btf {
  return Btf.parse(encodeBtf(types, endian));
}

t.test('a struct whose first member is zero is written when another is not', async t => {
  const btf = btfOf(
    'little',
    int,
    struct('in', 8, ['a', 1, 0], ['b', 1, 32]),
    struct('out', 8, ['in', 2, 0]),
  );
  const bytes = Uint8Array.of(0, 0, 0, 0, 5, 0, 0, 0);
  t.equal(formatValue(btf, 3, bytes, { compact: true }), '(struct out){.in = (struct in){.b = (int)5,},}');
  t.equal(formatValue(btf, 3, new Uint8Array(8), { compact: true }), '(struct out){}');
});

t.test('a byte behind text is a number', async t => {
  const btf = btfOf('little', int, byte, array(2, 2), struct('s', 3, ['text', 3, 0], ['n', 2, 16]));
  const text = formatValue(btf, 4, Uint8Array.of(65, 66, 67), { compact: true });
  t.equal(text, "(struct s){.text = (char[2])['A','B',],.n = (char)67,}");
});

t.test('text ends at NUL, as characters or as a string', async t => {
  const btf = btfOf('little', int, byte, array(2, 6), struct('s', 10, ['text', 3, 0], ['n', 1, 48]));
  const bytes = Uint8Array.of(104, 105, 10, 0, 88, 0, 7, 0, 0, 0);
  t.equal(
    formatValue(btf, 4, bytes, { compact: true, emitZeroes: true }),
    "(struct s){.text = (char[6])['h','i',10,'\\0',],.n = (int)7,}",
  );
  t.equal(
    formatValue(btf, 4, bytes, { emitStrings: true }),
    '(struct s){\n\t.text = (char[6])"hi\\x0a",\n\t.n = (int)7,\n}',
  );
  // Without a NUL it is an array like any other.
  const full = Uint8Array.of(97, 97, 97, 97, 97, 97);
  t.match(formatValue(btf, 3, full, { emitStrings: true, compact: true }), /^\(char\[6\]\)\['a',/);
});

t.test('bit-fields of both byte orders, signed and negative enumerators', async t => {
  const color: BtfType = {
    kind: 'enum',
    id: 0,
    name: 'color',
    size: 4,
    signed: true,
    values: [{ name: 'NONE', value: -1 }],
  };
  const types = [int, color, struct('s', 4, ['a', 1, 0, 3], ['b', 1, 3, 17], ['c', 2, 20, 12])];
  // a = 5, b = 0x12345, c = -1
  const little = new Uint8Array(Uint32Array.of(5 | (0x12345 << 3) | (0xfff << 20)).buffer);
  const big = new Uint8Array(4);
  new DataView(big.buffer).setUint32(0, (5 << 29) | (0x12345 << 12) | 0xfff);
  const expected = '(struct s){.a = (int)0x5,.b = (int)0x12345,.c = (enum color)NONE,}';
  t.equal(formatValue(btfOf('little', ...types), 3, little, { compact: true }), expected);
  t.equal(formatValue(btfOf('big', ...types), 3, big, { compact: true }), expected);
});

t.test('indentation begins at a level', async t => {
  const btf = btfOf('little', int, struct('s', 4, ['a', 1, 0]));
  const text = formatValue(btf, 2, Uint8Array.of(1, 0, 0, 0), { indent: '  ', indentLevel: 1 });
  t.equal(text, '  (struct s){\n    .a = (int)1,\n  }');
});

t.test('floats are written as C writes them', async t => {
  if (!needs(t, { tools: ['gcc'], headers: ['bpf/btf.h'] })) return;
  using peer = new FormatValuePeer();
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-float-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const sizes = process.arch === 'x64' ? [4, 8, 16] : [4, 8];
  const types = sizes.map((size): BtfType => ({ kind: 'float', id: 0, name: `f${size}`, size }));
  const file = join(folder, 'floats.btf');
  const blob = encodeBtf(types, hostEndian);
  writeFileSync(file, blob);
  const btf = Btf.parse(blob);
  const cases = sizes.flatMap((size, i) =>
    floatBytes(size).map(bytes => ({ id: i + 1, bytes, options: { emitZeroes: true } })),
  );
  const theirs = peer.format(file, cases);
  t.same(
    cases.map(({ id, bytes }) => formatValue(btf, id, bytes)),
    theirs.map(({ text }) => text),
  );
});

/** Round numbers, ties of the sixth decimal, the ends of the range, and any bits. */
function floatBytes(size: number): Uint8Array[] {
  const numbers = [
    0,
    -0,
    1,
    0.1,
    -2.5,
    1 / 128,
    3 / 128,
    5e-7,
    1.5e-6,
    2 ** 70,
    1e300,
    Infinity,
    -Infinity,
    NaN,
    5e-324,
  ];
  const views = numbers.map(value => {
    const view = new DataView(new ArrayBuffer(16));
    if (size === 4) view.setFloat32(0, value, hostEndian === 'little');
    else view.setFloat64(0, value, hostEndian === 'little');
    return new Uint8Array(view.buffer).slice(0, size);
  });
  const random = Array.from({ length: 200 }, (_, i) =>
    Uint8Array.from({ length: size }, (_, k) => (Math.imul(i * 31 + k, 2654435761) >>> 13) & 0xff),
  );
  // An extended float of which the leading bit is not set is no number that a processor makes.
  if (size === 16) for (const bytes of random) bytes[7]! |= 0x80;
  return size === 16 ? random : [...views, ...random];
}

t.test('what cannot be written is refused', async t => {
  const btf = btfOf('little', int, struct('s', 8, ['a', 1, 0], ['b', 1, 32]), {
    kind: 'func_proto',
    id: 0,
    name: '',
    type: 0,
    params: [],
  });
  try {
    formatValue(btf, 2, Uint8Array.of(1, 0, 0, 0, 2), { compact: true });
    t.fail('it was not cut off');
  } catch (error) {
    t.ok(error instanceof TruncatedValueError);
    t.match(error, {
      text: '(struct s){.a = (int)1,',
      message: 'the value goes on at byte 4, but only 5 bytes are there',
    });
  }
  t.throws(() => formatValue(btf, 3, new Uint8Array(8)), FormatError);
  t.throws(() => formatValue(btf, 0, new Uint8Array(8)), FormatError);
});

t.test('damaged types end in an error, not without end', async t => {
  const itself = btfOf('little', struct('s', 4, ['s', 1, 0]));
  t.throws(() => formatValue(itself, 1, new Uint8Array(4), { emitZeroes: true }), FormatError);
  // A pointer to itself has no name, a section in itself no end.
  const pointer = btfOf('little', { kind: 'ptr', id: 0, name: '', type: 1 });
  t.throws(() => formatValue(pointer, 1, new Uint8Array(8)), FormatError);
  const vars = [{ type: 1, offset: 0, size: 4 }];
  const section = btfOf('little', { kind: 'datasec', id: 0, name: '.data', size: 4, vars });
  t.throws(() => formatValue(section, 1, new Uint8Array(4)), FormatError);
  // Text at a place inside a byte is cut off no later than the bytes.
  const shifted = btfOf('little', int, byte, array(2, 4), struct('s', 4, ['text', 3, 4]));
  t.throws(
    () => formatValue(shifted, 4, new Uint8Array(4).fill(65), { emitStrings: true }),
    TruncatedValueError,
  );
  // Thirty levels, each of two that overlap: a billion values in four bytes.
  const doubling = Array.from({ length: 30 }, (_, i) => struct(`s${i}`, 4, ['a', i + 1, 0], ['b', i + 1, 0]));
  const btf = btfOf('little', int, ...doubling);
  t.throws(() => formatValue(btf, 31, new Uint8Array(4).fill(1)), FormatError);
  t.throws(() => formatValue(btf, 31, new Uint8Array(4)), FormatError);
});
