import Table from 'cli-table3';
import { paint } from './paint.js';

/** Columns without borders, under dim headings. Numbers are right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map((_, i) => rows.length > 0 && rows.every(row => typeof row[i] === 'number'));
  const drawn = new Table({
    head: head.map(text => paint('dim', text)),
    chars: borderless,
    colAligns: numeric.map(isNumber => (isNumber ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 2, 'padding-right': 0 },
  });
  drawn.push(...rows.map(row => row.map(String)));
  return drawn
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n');
}

const borderless = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map(name => [name, '']),
);
