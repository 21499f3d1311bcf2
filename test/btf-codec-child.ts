// Prints values that codecs read, and what they wrote. Run by btf-codec-compiled.test.ts with and without leave to generate code.
import { type Btf, type BtfValue, codec, oneOf } from '../src/btf/index.js';
import { array, int, makeBtf, type NewType, struct } from './make-types.js';
import { random, randomTypes } from './random-types.js';

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v));

function uses(btf: Btf, id: number, next: (below: number) => number): string {
  const type = codec(btf, id);
  const bytes = Uint8Array.from({ length: type.size }, () => next(256));
  const view = new DataView(bytes.buffer);
  let value: BtfValue = 0;
  // More often than what makes it worth to compile.
  for (let i = 0; i < 50; i++) value = type.readAt(view, 0);
  const again = new Uint8Array(type.size);
  let error = '';
  try {
    for (let i = 0; i < 50; i++) type.write(again, value);
  } catch (caught) {
    // Members of one name may differ in type.
    error = (caught as Error).message;
  }
  return `${id} ${shown(value)} ${again} ${shown(type.view(bytes))} ${error}`;
}

let generates = true;
try {
  new Function('');
} catch {
  generates = false;
}
console.log(generates ? 'code is generated' : 'no code is generated');

for (const order of ['little', 'big'] as const) {
  const btf = randomTypes(42, 60, order);
  const next = random(1);
  for (let id = btf.startId; id < btf.endId; id++) {
    try {
      codec(btf, id);
    } catch {
      continue;
    }
    console.log(uses(btf, id, next));
  }
}

const btf = makeBtf([
  int('u32'),
  { ...int('char', 1, true), char: true } as NewType,
  array(2, 0),
  struct('line', 4, ['type', 1, 0], ['text', 3, 4]),
]);
const line = codec(btf, 4);
const lines = oneOf({ by: 'type', types: { 3: line } });
const bytes = line.encode({ type: 3, text: 'hello' });
console.log(shown(lines.read(bytes, 0, bytes.length)), shown(line.view(bytes, 0, bytes.length)));
