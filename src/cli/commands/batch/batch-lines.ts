import { Refusal } from '../../refusal.js';

/** One command of a batch. */
export interface BatchLine {
  /** Of its first line, from 1. */
  readonly number: number;
  readonly words: readonly string[];
}

/**
 * The commands of a batch file: a line each, that goes on in the next where it ends in a backslash; words apart by blanks, or in quotes of either kind; `#` where a word
 * would begin is the beginning of a comment. Throws Refusal for quotes that do not end.
 */
export async function* batchLines(lines: AsyncIterable<string>, file: string): AsyncGenerator<BatchLine> {
  let number = 0;
  let begun = { number: 1, text: '' };
  for await (const line of lines) {
    number++;
    const text = begun.text + line;
    if (text.endsWith('\\')) {
      begun = { number: begun.text === '' ? number : begun.number, text: `${text.slice(0, -1)} ` };
      continue;
    }
    const first = begun.text === '' ? number : begun.number;
    begun = { number, text: '' };
    const words = wordsOf(text, `${file}:${first}`);
    if (words.length > 0) yield { number: first, words };
  }
  if (begun.text !== '') throw new Refusal(`${file}:${begun.number}: the line goes on, but the file ends`);
}

function wordsOf(text: string, place: string): string[] {
  const words: string[] = [];
  const word = /\s*(?:#.*|"([^"]*)"|'([^']*)'|(["'])|([^\s]+))/gy;
  for (const [, double, single, quote, plain] of text.matchAll(word)) {
    if (quote !== undefined) throw new Refusal(`${place}: a quote ${quote} is not closed`);
    const found = double ?? single ?? plain;
    if (found !== undefined) words.push(found);
  }
  return words;
}
