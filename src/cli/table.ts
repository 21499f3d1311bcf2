import width from 'fast-string-width';
import { paint } from './paint.js';
import { printableOn } from './printable.js';

const gap = '  ';

/**
 * Columns without borders, under dim headings. Numbers are right-aligned; of a cell of several lines the next ones go below its first. A wide character
 * takes two places.
 */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map((_, i) => rows.length > 0 && rows.every(row => typeof row[i] === 'number'));
  const cells = [
    head.map(text => [paint('dim', text)]),
    ...rows.map(row => head.map((_, i) => printableOn(process.stdout, String(row[i] ?? '')).split('\n'))),
  ];
  const widths = head.map((_, i) => {
    let most = 0;
    for (const row of cells) for (const text of row[i] ?? []) most = Math.max(most, width(text));
    return most;
  });
  const line = (row: readonly string[][], at: number): string =>
    row
      .map((lines, i) => {
        const text = lines[at] ?? '';
        return gap + padded(text, widths[i] ?? 0, numeric[i] ? 'start' : 'end');
      })
      .join('')
      .trimEnd();
  return cells
    .flatMap(row =>
      Array.from({ length: Math.max(...row.map(lines => lines.length)) }, (_, at) => line(row, at)),
    )
    .join('\n');
}

/** A text with spaces before or after it, so that it takes as many columns of a terminal, if it takes no more by itself. */
export function padded(text: string, columns: number, where: 'start' | 'end' = 'end'): string {
  const padding = ' '.repeat(Math.max(columns - width(text), 0));
  return where === 'start' ? padding + text : text + padding;
}
