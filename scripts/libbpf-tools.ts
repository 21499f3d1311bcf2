/**
 * The record of what the tools of libbpf-tools show under `rawbpf run` (test/libbpf-tools.json), made of what test/vm/libbpf-tools.test.ts said in a guest.
 *
 *   node dist/scripts/libbpf-tools.js LOG…     takes the outcomes out of the TAP of guests into the record, and writes the README's table of it
 *   node dist/scripts/libbpf-tools.js --check  exits 1 when the record lacks a tool, has one that is none, or has fewer that show something than it is to have,
 *                                              or the table is not what the record says
 *
 * To make it anew, as root: npm run build && scripts/vm/seeds.sh > log
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { leastShown, type Outcomes, tools } from '../test/libbpf-tools.js';
import { ReadmePart, root } from './readme-part.js';

const recordFile = join(root, 'test/libbpf-tools.json');
const readme = new ReadmePart('libbpf-tools', 'libbpf-tools.ts');
const record: Outcomes = JSON.parse(readFileSync(recordFile, 'utf8'));

function problems(): string[] {
  const names = Object.keys(tools);
  const shown = Object.values(record).filter(({ outcome }) => outcome === 'shows').length;
  return [
    ...names.filter(name => !(name in record)).map(name => `${name}: not in the record`),
    ...Object.keys(record)
      .filter(name => !names.includes(name))
      .map(name => `${name}: no such tool`),
    ...(shown < leastShown ? [`${shown} tools show something, fewer than ${leastShown}`] : []),
    ...(readme.is(table(record)) ? [] : ['README.md: the table of tools is not what the record says']),
  ];
}

function outcomesIn(log: string): Outcomes {
  const rows = [...log.matchAll(/^ *# tool-row (.*)$/gm)].map(([, row = '']) =>
    Object.entries(JSON.parse(row)),
  );
  return Object.fromEntries(rows.flat()) as Outcomes;
}

const args = process.argv.slice(2);
if (args[0] === '--check') {
  for (const problem of problems()) console.error(problem);
  process.exitCode = problems().length > 0 ? 1 : 0;
} else {
  for (const log of args) Object.assign(record, outcomesIn(readFileSync(log, 'utf8')));
  const sorted = Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(recordFile, `${JSON.stringify(sorted, null, 2)}\n`);
  readme.write(table(sorted));
}

/** How many show what happens, and why the others do not. */
function table(outcomes: Outcomes): string {
  const rows = Object.entries(outcomes);
  const others = rows.filter(([, { outcome }]) => outcome !== 'shows');
  return [
    `${rows.length - others.length} of ${rows.length} show what a workload does, on Linux 6.1; the others:`,
    '',
    '<table>',
    ...others.map(
      ([name, { outcome, detail }]) => `<tr><td>${name}</td><td>${outcome}</td><td>${detail}</td></tr>`,
    ),
    '</table>',
  ].join('\n');
}
