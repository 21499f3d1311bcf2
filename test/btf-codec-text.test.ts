import t from 'tap';
import { FACTORS, SLOT_BITS, textAt } from '../src/btf/codec/interned-text.js';
import { codec } from '../src/btf/index.js';
import { array, int, makeBtf, type NewType } from './make-types.js';
import { random } from './random-types.js';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

type ReadText = (view: DataView, offset: number) => unknown;

/** Text of `char[size]` by the loop and, for the second, by what is compiled for the size. */
function readers(size: number): ReadText[] {
  const type = codec(makeBtf([{ ...int('char', 1, true), char: true } as NewType, array(1, size)]), 2);
  const view = new DataView(new ArrayBuffer(size));
  for (let i = 0; i < 80; i++) type.readAt(view, 0);
  return [(view, offset) => textAt(view, offset, size), (view, offset) => type.readAt(view, offset)];
}

/** Texts that are not what decoding their bytes gives, of those read twice in turn by each reader. */
function wrong(size: number, texts: readonly Uint8Array[], offset = 0): string[] {
  const view = new DataView(new ArrayBuffer(size + 8));
  const bytes = new Uint8Array(view.buffer);
  const bad: string[] = [];
  for (const read of readers(size))
    for (const text of [...texts, ...texts]) {
      // What follows the value must not matter.
      bytes.fill(0x41).set(text, offset);
      const nul = text.indexOf(0);
      const wanted = decoder.decode(nul < 0 ? text : text.subarray(0, nul));
      const found = read(view, offset);
      if (found !== wanted) bad.push(`${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
    }
  return bad;
}

t.test('text of every size, at every alignment', async t => {
  const next = random(5);
  for (let size = 1; size <= 72; size++) {
    const texts = Array.from({ length: 200 }, (_, i) =>
      Uint8Array.from({ length: size }, () => {
        if (i % 4 === 0) return 97 + next(2);
        if (i % 4 === 1) return next(4) ? 97 + next(2) : 0;
        return i % 4 === 2 ? next(256) : next(size + 1) ? 120 : 0;
      }),
    );
    const bad = wrong(size, texts, size % 5);
    if (bad.length) t.same(bad, [], `char[${size}]`);
  }
  t.same(wrong(16, [new Uint8Array(16)]), [], 'no text');
});

t.test('more texts than are kept', async t => {
  const texts = Array.from({ length: 4 << SLOT_BITS }, (_, i) => Buffer.from(`worker-${i}`.padEnd(16, '\0')));
  t.same(wrong(16, texts), []);
});

t.test('texts of one hash', async t => {
  const [f0, f1] = FACTORS as [number, number];
  // Modulo 2^32 the first word makes up for what is added to the second.
  const step = Math.imul(f1, inverse(f0));
  const texts: Buffer[] = [];
  for (let k = 0; texts.length < 50; k++) {
    const text = Buffer.alloc(8);
    text.writeUInt32LE(Math.imul(step, -k) >>> 0, 0);
    text.writeUInt32LE(k + 0x61616161, 4);
    if (!text.includes(0)) texts.push(text);
  }
  const hashes = texts.map(x => (Math.imul(x.readInt32LE(0), f0) + Math.imul(x.readInt32LE(4), f1)) | 0);
  t.equal(new Set(hashes).size, 1, 'they have the same hash');
  t.same(wrong(8, texts), []);
});

/** The number that an odd number times is 1, modulo 2^32. */
function inverse(odd: number): number {
  let found = odd;
  for (let i = 0; i < 5; i++) found = Math.imul(found, 2 - Math.imul(odd, found));
  return found;
}

t.test('UTF-8, cut or damaged', async t => {
  const texts = ['größe', '日本語', '😀', '\ufeffmark', 'a\ufffd'].map(text => Buffer.from(text));
  const damaged = [
    [0xff],
    [0xc3],
    [0xc3, 0x28],
    [0xe6, 0x97],
    [0xf0, 0x9f, 0x98],
    [0x80, 0x61],
    [0xc0, 0x80],
  ].map(x => Buffer.from(x));
  for (const size of [3, 4, 5, 9, 12, 33, 80]) {
    const padded = [...texts, ...damaged].map(text => {
      const bytes = new Uint8Array(size);
      bytes.set(text.subarray(0, size));
      return bytes;
    });
    t.same(wrong(size, padded), [], `char[${size}]`);
  }
});

t.test('text longer than any that is kept', async t => {
  for (const length of [63, 64, 65, 200, 4094]) {
    const text = 'x'.repeat(length);
    t.same(
      wrong(4096, [Buffer.from(text.padEnd(4096, '\0')), Buffer.from(`${text}ä`.padEnd(4094, '\0'))]),
      [],
    );
  }
});
