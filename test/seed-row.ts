import { appendFileSync } from 'node:fs';
import type { Test } from 'tap';

/** What is done elsewhere and here, with a line that each prints: a row of the README's table. */
export interface SeedRow {
  readonly theirs: SeedSide;
  readonly ours: SeedSide;
}

interface SeedSide {
  readonly command: string;
  readonly prints: string;
}

/** Keeps a row, as a line of JSON in the file that RAWBPF_SEED_ROWS names, or as a TAP comment when that is `-`. What is another at every run stands as `…`. */
export function recordSeed(t: Test, theirs: SeedSide, ours: SeedSide): void {
  const path = process.env['RAWBPF_SEED_ROWS'];
  const row: SeedRow = { theirs: steady(theirs), ours: steady(ours) };
  if (path === '-') t.comment(`seed-row ${JSON.stringify(row)}`);
  else if (path) appendFileSync(path, `${JSON.stringify(row)}\n`);
}

/** Numbers that the machine gives: ids, pids, times, addresses. */
const changing: readonly RegExp[] = [
  /(?<=^| )\d+(?=: (tracepoint|hash|kprobe) )/g,
  /(?<=\[id:)\d+/g,
  /\b0x[0-9a-f]{9,16}\b/g,
  /(?<=(pid|PID) )\d+/g,
  // The pid, the CPU, what it was in, and when.
  /(?<=^ *\w+-)\d+ +\[\d+\] [.\w]{5} +\d+\.\d{6}(?=: )/g,
];

function steady({ command, prints }: SeedSide): SeedSide {
  const text = changing.reduce((text, number) => text.replace(number, '…'), prints);
  return { command, prints: text.trim().replaceAll(/ {3,}/g, '  ') };
}
