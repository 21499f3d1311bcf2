const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Slots of a table: a power of two. What hashes to one slot evicts what was there. */
export const SLOT_BITS = 9;
/** Longer text is decoded anew each time. */
export const MAX_WORDS = 16;

/**
 * Events repeat their short strings (comm, paths), and making one costs more than all else of decoding: those seen last are kept, and found by
 * comparing words. Text of `n` words, its bytes after the NUL zero, has slot `words[slot * n..]` and `texts[slot]`.
 */
export interface TextTable {
  readonly words: Int32Array;
  readonly texts: string[];
}

const tables: (TextTable | undefined)[] = [];

/** The table of text of `n` words. */
export function textTable(n: number): TextTable {
  tables[n] ??= {
    words: new Int32Array(n << SLOT_BITS),
    texts: new Array<string>(1 << SLOT_BITS).fill(''),
  };
  return tables[n];
}

/** Odd factors that spread the bits of a word, one for each place: sums of products are a hash that needs no chain. */
export const FACTORS: readonly number[] = Array.from({ length: MAX_WORDS }, (_, i) =>
  Math.imul(0x9e3779b1, 2 * i + 1),
);

const scratch = new Int32Array(MAX_WORDS);

/** The text in `size` bytes up to its NUL, invalid UTF-8 replaced. */
export function textAt(view: DataView, offset: number, size: number): string {
  const words = Math.min(size >> 2, MAX_WORDS);
  let hash = 0;
  let n = 0;
  for (; n < words; n++) {
    const word = view.getInt32(offset + 4 * n, true);
    const zeroes = (word - 0x01010101) & ~word & 0x80808080;
    if (zeroes) {
      const rest = word & (((zeroes & -zeroes) >>> 7) - 1);
      if (rest === 0 && n === 0) return '';
      scratch[n] = rest;
      return known(view, offset, size, n + 1, hash + Math.imul(rest, FACTORS[n]!));
    }
    scratch[n] = word;
    hash = (hash + Math.imul(word, FACTORS[n]!)) | 0;
  }
  if (size === 4 * n) return n ? known(view, offset, size, n, hash) : '';
  return decodeText(view, offset, size);
}

function known(view: DataView, offset: number, size: number, n: number, hash: number): string {
  const { words, texts } = textTable(n);
  const slot = Math.imul(hash, FACTORS[0]!) >>> (32 - SLOT_BITS);
  for (let i = 0, at = slot * n; i < n; i++) {
    if (words[at + i] === scratch[i]) continue;
    words.set(n === MAX_WORDS ? scratch : scratch.subarray(0, n), at);
    texts[slot] = decodeText(view, offset, size);
    return texts[slot];
  }
  return texts[slot]!;
}

/** Decodes text that is not kept. */
export function decodeText(view: DataView, offset: number, size: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, size);
  const nul = bytes.indexOf(0);
  const length = nul < 0 ? size : nul;
  if (length <= 32) {
    let text = '';
    let i = 0;
    for (; i < length && bytes[i]! < 128; i++) text += String.fromCharCode(bytes[i]!);
    if (i === length) return text;
  }
  return decoder.decode(nul < 0 ? bytes : bytes.subarray(0, nul));
}
