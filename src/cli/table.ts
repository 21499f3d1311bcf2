import { stripVTControlCharacters } from 'node:util';
import { paint } from './paint.js';
import { printableOn } from './printable.js';

const gap = '  ';

/** Columns without borders, under dim headings. Numbers are right-aligned; of a cell of several lines the next ones go below its first. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map((_, i) => rows.length > 0 && rows.every(row => typeof row[i] === 'number'));
  const cells = [
    head.map(text => [paint('dim', text)]),
    ...rows.map(row => head.map((_, i) => printableOn(process.stdout, String(row[i] ?? '')).split('\n'))),
  ];
  const widths = head.map((_, i) => Math.max(...cells.map(row => Math.max(...(row[i] ?? []).map(width)))));
  const line = (row: readonly string[][], at: number): string =>
    row
      .map((lines, i) => {
        const text = lines[at] ?? '';
        const padding = ' '.repeat((widths[i] ?? 0) - width(text));
        return gap + (numeric[i] ? padding + text : text + padding);
      })
      .join('')
      .trimEnd();
  return cells
    .flatMap(row =>
      Array.from({ length: Math.max(...row.map(lines => lines.length)) }, (_, at) => line(row, at)),
    )
    .join('\n');
}

/** Columns that a text takes, without its colours. */
function width(text: string): number {
  return stripVTControlCharacters(text).length;
}
