import { spawnSync } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { closureReader, compiledReader } from '../src/btf/codec/codec-reader.js';
import { shapeOf } from '../src/btf/codec/codec-shape.js';
import { flatMembers } from '../src/btf/codec/codec-source-read.js';
import { closureWriter, compiledWriter } from '../src/btf/codec/codec-writer.js';
import { isWhole, type Shape } from '../src/btf/codec/value-shape.js';
import type { CodecOptions } from '../src/btf/index.js';
import { type Btf, codec } from '../src/btf/index.js';
import { random, randomTypes } from './random-types.js';

const orders = ['little', 'big'] as const;
const options: readonly CodecOptions[] = [{}, { int64: 'number', enums: 'name' }];

/** Bytes of a kind that tells differences: all values, mostly zero, all set, short text. */
function randomBytes(next: (below: number) => number, size: number): Uint8Array {
  const kind = next(4);
  return Uint8Array.from({ length: size }, () => {
    if (kind === 0) return next(256);
    if (kind === 1) return next(8) ? 0 : next(256);
    if (kind === 2) return 255;
    return next(12) ? 97 + next(2) : 0;
  });
}

function* typesWithValues(btf: Btf): Generator<number> {
  for (let id = btf.startId; id < btf.endId; id++) {
    try {
      codec(btf, id);
      yield id;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_RAWBPF_FORMAT') throw error;
    }
  }
}

/** Text that two values differ in, if their order of members or the kind of a number does. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_, v) =>
    typeof v === 'bigint' ? `${v}n` : typeof v === 'number' ? (Object.is(v, -0) ? '-0' : String(v)) : v,
  );
}

for (const order of orders)
  t.test(`compiled readers read what closures read, ${order} endian`, async t => {
    const next = random(7);
    let count = 0;
    for (let seed = 0; seed < 8; seed++) {
      const btf = randomTypes(seed, 60, order);
      for (const id of typesWithValues(btf))
        for (const option of options) {
          const shape = shapeOf(btf, id, option);
          const little = order === 'little';
          const compiled = compiledReader(shape, little);
          if (!compiled) throw new Error(`type ${id} of seed ${seed} is not compiled`);
          const closures = closureReader(shape, little);
          const agree = (view: DataView, offset: number, length?: number): void => {
            const [found, wanted] = [compiled, closures].map(read => shown(read(view, offset, length)));
            count++;
            if (found !== wanted)
              t.equal(found, wanted, `seed ${seed}, type ${id}, at ${offset}, ${length} bytes`);
          };
          const { buffer } = randomBytes(next, shape.size + 32);
          // The words of a view are used after it was seen some times; at some offsets, and in some views, there are none.
          for (const [view, start] of [
            [new DataView(buffer), 4],
            [new DataView(buffer), 0],
            [new DataView(buffer, 4), 4],
          ] as const) {
            for (let again = 0; again < 18; again++) agree(view, start);
            agree(view, 8);
            agree(view, next(28));
            agree(view, 3, next(shape.size + 20));
          }
        }
    }
    t.ok(count > 15_000, `${count} values`);
  });

/** A value, now and then with a part that is wrong, missing, or given in another way. */
function changed(next: (below: number) => number, value: unknown, depth = 0): unknown {
  const odd = [
    undefined,
    null,
    'text',
    '',
    -1,
    1,
    2 ** 33,
    2 ** 53,
    2 ** 63,
    -(2 ** 63),
    2 ** 64,
    1.5,
    5n,
    -(1n << 63n),
    1n << 64n,
    true,
    {},
    [],
    [1, 2],
    Number.NaN,
    'RED',
    'größe \ud800 😀',
    'ä',
  ];
  if (next(40) === 0) return [...odd, new Uint8Array(3).fill(7)][next(odd.length + 1)];
  if (typeof value === 'bigint' && next(4) === 0) return Number(value);
  if (typeof value === 'number' && Number.isInteger(value) && next(6) === 0) return BigInt(value);
  if (Array.isArray(value))
    return value.slice(0, next(5) ? undefined : next(3)).map(v => changed(next, v, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(() => next(20) > 0);
  if (next(20) === 0) entries.push(['bogus', 1]);
  if (next(6) === 0) entries.reverse();
  const made: object = next(4) ? {} : Object.create({});
  for (const [name, v] of entries)
    Object.defineProperty(made, name, {
      value: changed(next, v, depth + 1),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return made;
}

for (const order of orders)
  t.test(`compiled writers write and refuse what closures do, ${order} endian`, async t => {
    const next = random(11);
    const outcomes = { written: 0, refused: 0 };
    for (let seed = 100; seed < 108; seed++) {
      const btf = randomTypes(seed, 60, order);
      const little = order === 'little';
      for (const id of typesWithValues(btf))
        for (const option of options) {
          const shape = shapeOf(btf, id, option);
          const compiled = compiledWriter(shape, little);
          if (!compiled) throw new Error(`type ${id} of seed ${seed} is not compiled`);
          const closures = closureWriter(shape, little);
          const read = closureReader(shape, little);
          const value = read(new DataView(randomBytes(next, shape.size).buffer), 0);
          for (const given of [value, ...Array.from({ length: 6 }, () => changed(next, value))]) {
            const filler = next(256);
            const [found, wanted] = [compiled, closures].map(write => {
              const bytes = new Uint8Array(shape.size + 16).fill(filler);
              try {
                write(new DataView(bytes.buffer), 8, given);
                return String(bytes);
              } catch (error) {
                if (!(error instanceof TypeError)) throw error;
                return error.message;
              }
            }) as [string, string];
            outcomes[/^[\d,]+$/.test(wanted) ? 'written' : 'refused']++;
            if (found !== wanted) t.equal(found, wanted, `seed ${seed}, type ${id}: ${shown(given)}`);
          }
        }
    }
    t.ok(outcomes.written > 3000 && outcomes.refused > 500, JSON.stringify(outcomes));
  });

/** Whether no member has bits or the name of another, so that what is written is what is read. */
function isPlain(shape: Shape): boolean {
  if (shape.kind === 'array') return isPlain(shape.element);
  if (shape.kind !== 'struct') return true;
  const members = flatMembers(shape);
  if (new Set(members.map(m => m.name)).size < members.length) return false;
  const spans = members.map(m => {
    const layout = m.shape.kind === 'enum' ? m.shape.int.layout : m.shape.kind === 'int' && m.shape.layout;
    return layout && !isWhole(layout)
      ? { start: 8 * m.offset + layout.bitOffset, bits: layout.bits }
      : { start: 8 * m.offset, bits: 8 * m.shape.size };
  });
  spans.sort((a, b) => a.start - b.start);
  const overlaps = spans.some((span, i) => i > 0 && span.start < spans[i - 1]!.start + spans[i - 1]!.bits);
  return !overlaps && members.every(m => isPlain(m.shape));
}

for (const order of orders)
  t.test(`what is written is read again, ${order} endian`, async t => {
    const next = random(23);
    let count = 0;
    for (let seed = 200; seed < 204; seed++) {
      const btf = randomTypes(seed, 60, order);
      for (const id of typesWithValues(btf)) {
        if (!isPlain(shapeOf(btf, id, {}))) continue;
        const type = codec(btf, id);
        for (let i = 0; i < 40; i++) {
          // Bytes of ASCII: text of others may not fit when it is written.
          const value = type.read(randomBytes(next, type.size).map(byte => byte & 0x7f));
          const found = shown(type.read(type.encode(value)));
          count++;
          if (found !== shown(value)) t.equal(found, shown(value), `seed ${seed}, type ${id}`);
        }
      }
    }
    t.ok(count > 4000, `${count} values`);
  });

t.test('where no code may be generated, all is read and written the same', async t => {
  const child = fileURLToPath(new URL(`./btf-codec-child${extname(import.meta.url)}`, import.meta.url));
  // What runs TypeScript, when this is TypeScript.
  const flags = import.meta.url.endsWith('.ts') ? process.execArgv : [];
  const [free, forbidden] = [[], ['--disallow-code-generation-from-strings']].map(more => {
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, ...more, child], { encoding: 'utf8' });
    t.equal(stderr, '');
    return stdout.split('\n');
  }) as [string[], string[]];
  t.same([free.shift(), forbidden.shift()], ['code is generated', 'no code is generated']);
  t.ok(free.length > 100, `${free.length} lines`);
  t.same(forbidden, free);
});
