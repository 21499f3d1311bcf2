import { existsSync, readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Btf, type FormatValueOptions, formatValue, TruncatedValueError } from '../src/btf/index.js';
import { parseElf } from '../src/elf/index.js';
import { type Case, FormatValuePeer } from './format-value-peer.js';
import { needs } from './live.js';
import { partsOf, randomCases } from './random-values.js';
import { fixture } from './repository.js';

t.setTimeout(120_000);

const vmlinux = '/sys/kernel/btf/vmlinux';
const libbpf = { tools: ['gcc'], headers: ['bpf/btf.h'] };

function openBtf(path: string): Btf {
  const bytes = readFileSync(path);
  const data = path === vmlinux ? bytes : parseElf(bytes, path).section('.BTF')?.data;
  return Btf.parse(data ?? new Uint8Array(), { file: path });
}

const sources = [fixture('test-types'), ...(existsSync(vmlinux) ? [vmlinux] : [])];

function ours(btf: Btf, { id, bytes, options }: Case): { result: number; text: string } {
  try {
    return { result: btf.sizeOf(id), text: formatValue(btf, id, bytes, options) };
  } catch (error) {
    if (error instanceof TruncatedValueError) return { result: -7, text: error.text };
    throw error;
  }
}

/** libbpf writes every byte behind an array of bytes as a character, and (before 1.3) no `void` between empty brackets. */
function plain(text: string): string {
  return text.replace(/'(.)'/g, (_, c: string) => String(c.charCodeAt(0))).replaceAll('()', '(void)');
}

/** Cases without trouble that libbpf has; it also holds bit-fields for longer than they are. */
function compare(t: Test, peer: FormatValuePeer, file: string, btf: Btf, cases: readonly Case[]): void {
  const theirs = peer.format(file, cases);
  t.equal(theirs.length, cases.length);
  let compared = 0;
  for (const [i, one] of cases.entries()) {
    const { result, text } = ours(btf, one);
    const { result: theirResult, text: theirText } = theirs[i]!;
    if (theirResult < 0 && result >= 0 && partsOf(btf, one.id).bitFields) continue;
    compared++;
    if (result !== theirResult || plain(text) !== plain(theirText)) {
      t.same(
        { result, text },
        { result: theirResult, text: theirText },
        `type ${one.id}: ${JSON.stringify(one.options)}`,
      );
    }
  }
  t.ok(compared >= cases.length * 0.9, `${compared} of ${cases.length} compared`);
}

/** Compares random values of random types. */
function compareRandom(
  t: Test,
  zeroes: number,
  wanted: Parameters<typeof randomCases>[3],
  options?: FormatValueOptions,
): void {
  if (!needs(t, libbpf)) return;
  using peer = new FormatValuePeer();
  for (const file of sources) {
    const btf = openBtf(file);
    compare(t, peer, file, btf, [...randomCases(btf, 800, zeroes, wanted, options)]);
  }
}

// libbpf forgets the comma behind a number that no enumerator of a signed enum has, and prints 32 bits of an 8-byte enum.
t.test('random values are written as libbpf writes them', async t => {
  compareRandom(t, 0, parts => !parts.oddEnum, { emitZeroes: true });
});

t.test('zeroes are written as libbpf writes them when asked for', async t => {
  compareRandom(t, 0.5, parts => !parts.oddEnum && !parts.bytes, { emitZeroes: true });
});

// libbpf takes a struct for zero when its first member is.
t.test('zeroes are left out as libbpf leaves them out', async t => {
  compareRandom(t, 0, parts => !parts.oddEnum && !(parts.nested && parts.bitFields), { emitZeroes: false });
  compareRandom(t, 0.5, parts => !parts.oddEnum && !parts.bytes && !parts.nested, { emitZeroes: false });
});

// Looking for zeroes libbpf reads what is not there; in arrays it goes on behind an element that is not there.
t.test('a value that is cut off is written as far as it goes', async t => {
  if (!needs(t, libbpf)) return;
  using peer = new FormatValuePeer();
  for (const file of sources) {
    const btf = openBtf(file);
    const whole = randomCases(btf, 400, 0, parts => !parts.oddEnum && !parts.bitFields && !parts.arrays, {
      emitZeroes: true,
    });
    const cut = [...whole].map(one => ({ ...one, bytes: one.bytes.subarray(0, one.bytes.length >> 1) }));
    compare(t, peer, file, btf, cut);
  }
});

t.test('text, variables and sections are written as libbpf writes them', async t => {
  if (!needs(t, libbpf)) return;
  using peer = new FormatValuePeer();
  const file = fixture('test-types');
  const btf = openBtf(file);
  const arrays: number[] = [];
  const others: number[] = [];
  for (let id = 1; id < btf.endId; id++) {
    const type = btf.type(id);
    if (type.kind === 'array' && btf.resolved(type.type).kind === 'int' && btf.sizeOf(type.type) === 1)
      arrays.push(id);
    else if (type.kind === 'datasec' || type.kind === 'var') others.push(id);
  }
  t.ok(arrays.length > 0 && others.some(id => btf.type(id).kind === 'datasec'));
  const texts = ['abcdefghijklmnopqrstuvwxyz', 'ab\0', '\0', '\x7f\x80\n\xff~ ', 'x\0yz\0w', '\0hidden'];
  const cases = arrays.flatMap(id =>
    texts.flatMap(text => {
      const bytes = new Uint8Array(btf.sizeOf(id));
      bytes.set(Buffer.from(text, 'latin1').subarray(0, bytes.length));
      // libbpf 1.1 writes no '\\0' where a later one does.
      const options = everyOption.filter(({ emitZeroes }) => !(emitZeroes && bytes.includes(0)));
      return options.map(one => ({ id, bytes, options: one }));
    }),
  );
  compare(t, peer, file, btf, cases);
  const variables = others.flatMap(id => {
    const size = btf.sizeOf(id) || 4096;
    const { bytes, oddEnum } = partsOf(btf, id);
    const zeroes = everyOption
      .filter(options => !options.emitZeroes && !bytes)
      .map(options => ({ id, bytes: new Uint8Array(size), options }));
    if (oddEnum) return zeroes;
    return [
      ...zeroes,
      ...everyOption.map(options => ({ id, bytes: new Uint8Array(size).fill(0x61), options })),
    ];
  });
  compare(t, peer, file, btf, variables);
});

const everyOption = Array.from({ length: 8 }, (_, i) => ({
  compact: (i & 1) > 0,
  skipNames: (i & 2) > 0,
  emitZeroes: (i & 4) > 0,
}));
