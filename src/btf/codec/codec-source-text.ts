import type { CodecSource } from './codec-source.js';
import { decodeText, FACTORS, SLOT_BITS, textAt, textTable } from './interned-text.js';

/** Text of more words is read in a loop. */
const MAX_UNROLLED = 8;

type ReadText = (view: DataView, offset: number) => string;
const readers: (ReadText | undefined)[] = [];

/** Expression that reads `char[size]` at the offset that an expression gives. */
export function textSource(source: CodecSource, size: number, offset: string): string {
  if (size > 4 * MAX_UNROLLED) return `${source.constant(textAt)}(v, ${offset}, ${size})`;
  if (size === 0) return '""';
  readers[size] ??= compile(size);
  return `${source.constant(readers[size])}(v, ${offset})`;
}

/** {@link textAt} of one size, without its loop. All codecs share it, and with it the feedback that V8 optimizes it by. */
function compile(size: number): ReadText {
  const n = Math.ceil(size / 4);
  const all = Array.from({ length: n }, (_, i) => i);
  const step = (i: number): string => {
    const cut = `z = (w${i} - 0x01010101) & ~w${i} & 0x80808080`;
    const rest = `w${i} &= ((z & -z) >>> 7) - 1`;
    return `w${i} = ${word(4 * i, size)}; if ((${cut}) !== 0) { ${rest}; break done; }`;
  };
  const text = `return function (v, o) {
let z = 0, ${all.map(i => `w${i} = 0`).join(', ')};
done: { ${all.map(step).join('\n')} }
const s = Math.imul(${all.map(i => `Math.imul(w${i}, ${FACTORS[i]})`).join(' + ')}, ${FACTORS[0]}) >>> ${32 - SLOT_BITS};
const k = s * ${n};
if (${all.map(i => `words[k + ${i}] === w${i}`).join(' && ')}) return texts[s];
const t = decode(v, o, ${size});
${all.map(i => `words[k + ${i}] = w${i};`).join(' ')}
return texts[s] = t;
}`;
  const { words, texts } = textTable(n);
  return new Function('words', 'texts', 'decode', text)(words, texts, decodeText) as ReadText;
}

/** Expression of the word at an offset; what lies past the text's end is zero in it. */
function word(offset: number, size: number): string {
  const at = `o + ${offset}`;
  switch (size - offset) {
    case 1:
      return `v.getUint8(${at})`;
    case 2:
      return `v.getUint16(${at}, true)`;
    case 3:
      return `v.getUint16(${at}, true) | v.getUint8(o + ${offset + 2}) << 16`;
    default:
      return `v.getInt32(${at}, true)`;
  }
}
