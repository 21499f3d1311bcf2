/**
 * The README's table of what is done elsewhere and here, made of what the tests saw (test/seed-row.ts).
 *
 *   node dist/scripts/seed-table.js RESULTS…            takes results (lines of JSON) into test/seed-rows.json, writes the table
 *   node dist/scripts/seed-table.js --check RESULTS…    exits 1 when the table is not what the data says, or results differ from the data or are missing
 *
 * To make all anew, as root: RAWBPF_SEED_ROWS=rows npm test && RAWBPF_SEED_ROWS=rows scripts/vm/seeds.sh && node dist/scripts/seed-table.js rows
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SeedRow } from '../test/seed-row.js';
import { ReadmePart, root } from './readme-part.js';

const dataFile = join(root, 'test/seed-rows.json');
const readme = new ReadmePart('seeds', 'seed-table.ts');

const readData = (): SeedRow[] => (existsSync(dataFile) ? JSON.parse(readFileSync(dataFile, 'utf8')) : []);

function readResults(paths: readonly string[]): SeedRow[] {
  return paths
    .flatMap(path => readFileSync(path, 'utf8').trim().split('\n'))
    .filter(Boolean)
    .map(line => JSON.parse(line));
}

const same = (a: SeedRow, b: SeedRow): boolean => a.theirs.command === b.theirs.command;

/** In HTML, because the formatter pads cells of Markdown to the longest. */
function table(rows: readonly SeedRow[]): string {
  const code = (text: string) =>
    text && `<code>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</code>`;
  return [
    '<table>',
    '<tr><th>there</th><th>here</th></tr>',
    ...rows.flatMap(({ theirs, ours }) => [
      `<tr><td>${code(theirs.command)}</td><td>${code(ours.command)}</td></tr>`,
      ...(theirs.prints === ours.prints
        ? [`<tr><td colspan="2">both: ${code(ours.prints)}</td></tr>`]
        : [`<tr><td>${code(theirs.prints)}</td><td>${code(ours.prints)}</td></tr>`]),
    ]),
    '</table>',
  ].join('\n');
}

function check(results: readonly SeedRow[]): string[] {
  const rows = readData();
  const stale = readme.is(table(rows)) ? [] : ['README.md: the table of seeds is not what the data says'];
  const missing = rows.filter(row => !results.some(result => same(row, result)));
  const other = results.filter(result => !rows.some(row => JSON.stringify(row) === JSON.stringify(result)));
  return [
    ...stale,
    ...missing.map(({ theirs }) => `no test has run this: ${theirs.command}`),
    ...other.map(result => `not what test/seed-rows.json says: ${JSON.stringify(result)}`),
  ];
}

function write(results: readonly SeedRow[]): string[] {
  const rows = readData().map(row => results.findLast(result => same(row, result)) ?? row);
  for (const result of results) if (!rows.some(row => same(row, result))) rows.push(result);
  writeFileSync(dataFile, `${JSON.stringify(rows, undefined, 2)}\n`);
  readme.write(table(rows));
  return [];
}

const [first, ...others] = process.argv.slice(2);
const problems =
  first === '--check'
    ? check(readResults(others))
    : write(readResults(first === undefined ? [] : [first, ...others]));
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
