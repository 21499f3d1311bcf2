/**
 * The README's table of section names, made of what the tests recorded (test/section-row.ts).
 *
 *   node dist/scripts/link-table.js RESULTS…            takes results (lines of JSON) into test/section-rows.json, writes the table
 *   node dist/scripts/link-table.js --check [RESULTS…]  exits 1 when the table is not what the data says, a cell is empty, or results differ from the data
 *
 * To make all anew, as root: RAWBPF_SECTION_ROWS=rows npm test && RAWBPF_SECTION_ROWS=rows npm run test:vm && node dist/scripts/link-table.js rows
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { versionCode } from '../src/kernel/index.js';
import { sectionRules } from '../src/object/index.js';
import { ReadmePart, root } from './readme-part.js';

/** Cells by section name, then by kernel. */
type Rows = Record<string, Record<string, string>>;

interface Result {
  readonly kernel: string;
  readonly section: string;
  readonly cell: string;
}

const dataFile = join(root, 'test/section-rows.json');
const readme = new ReadmePart('section names', 'link-table.ts');

const readData = (): Rows => (existsSync(dataFile) ? JSON.parse(readFileSync(dataFile, 'utf8')) : {});

function readResults(paths: readonly string[]): Result[] {
  const results = paths
    .flatMap(path => readFileSync(path, 'utf8').trim().split('\n'))
    .filter(Boolean)
    .map(line => JSON.parse(line) as Result);
  const seen = new Map<string, string>();
  for (const { kernel, section, cell } of results) {
    const place = `${section} on ${kernel}`;
    const other = seen.get(place);
    if (other !== undefined && other !== cell) throw new Error(`${place}: "${other}" as well as "${cell}"`);
    seen.set(place, cell);
  }
  return results;
}

/** The data with the results in place of what it said, in the order of the table of section names and of the kernels. */
function merge(data: Rows, results: readonly Result[]): Rows {
  const merged: Rows = {};
  for (const { pattern } of sectionRules) {
    const cells: Record<string, string> = { ...data[pattern] };
    for (const { kernel, section, cell } of results) if (section === pattern) cells[kernel] = cell;
    const order = Object.keys(cells).sort((a, b) => versionCode(a) - versionCode(b));
    if (order.length > 0)
      merged[pattern] = Object.fromEntries(order.map(kernel => [kernel, cells[kernel] ?? '']));
  }
  return merged;
}

function kernelsOf(rows: Rows): string[] {
  const kernels = new Set(Object.values(rows).flatMap(cells => Object.keys(cells)));
  return [...kernels].sort((a, b) => versionCode(a) - versionCode(b));
}

/** One row for all sections that do the same on every kernel. In HTML, because the formatter pads cells of Markdown to the longest. */
function table(rows: Rows): string {
  const kernels = kernelsOf(rows);
  const groups = new Map<string, string[]>();
  for (const { pattern } of sectionRules) {
    const cells = kernels.map(kernel => `<td>${rows[pattern]?.[kernel] ?? ''}</td>`).join('');
    groups.set(cells, [...(groups.get(cells) ?? []), `<code>${pattern.replace('+', '')}</code>`]);
  }
  return [
    '<table>',
    `<tr><th>SEC("…")</th>${kernels.map(kernel => `<th>${kernel}</th>`).join('')}</tr>`,
    ...[...groups].flatMap(([cells, names]) => ['<tr><td>', ...wrapped(names), `</td>${cells}</tr>`]),
    '</table>',
  ].join('\n');
}

/** The words in lines of some 140 characters. */
function wrapped(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 140) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function emptyCells(rows: Rows): string[] {
  const kernels = kernelsOf(rows);
  if (kernels.length === 0) return ['there are no results at all'];
  return sectionRules.flatMap(({ pattern }) => {
    const without = kernels.filter(kernel => !rows[pattern]?.[kernel]);
    return without.length > 0 ? [`no cell: ${pattern} on ${without.join(', ')}`] : [];
  });
}

/** Results of kernels that the table has, but which say something else. */
function differences(rows: Rows, results: readonly Result[]): string[] {
  const known = new Set(kernelsOf(rows));
  return results
    .filter(({ kernel, section, cell }) => known.has(kernel) && rows[section]?.[kernel] !== cell)
    .map(
      ({ kernel, section, cell }) =>
        `${section} on ${kernel}: "${cell}", but test/section-rows.json says "${rows[section]?.[kernel] ?? ''}"`,
    );
}

function check(paths: readonly string[]): string[] {
  const rows = readData();
  const stale = readme.is(table(rows)) ? [] : ['README.md: the table is not what the data says'];
  return [...stale, ...emptyCells(rows), ...differences(rows, readResults(paths))];
}

function write(paths: readonly string[]): string[] {
  const rows = merge(readData(), readResults(paths));
  writeFileSync(dataFile, `${JSON.stringify(rows, undefined, 2)}\n`);
  readme.write(table(rows));
  return emptyCells(rows);
}

const [first, ...others] = process.argv.slice(2);
const problems = first === '--check' ? check(others) : write(first === undefined ? [] : [first, ...others]);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
