import { linearHistogram, log2Histogram } from '../maps/index.js';
import type { Contents, MapEntry } from './map-contents.js';
import { heading, json } from './output.js';
import { printable } from './printable.js';
import { table } from './table.js';

/** How a map is printed, where its author says it. */
export interface MapStyle {
  readonly histogram?: 'log2' | 'linear' | undefined;
  /** What a histogram counts: `usecs`. */
  readonly unit?: string | undefined;
}

/** For people: a histogram for each entry that has slots, else a table, the greatest values first. Empty when there is nothing in it. */
export function contentsText(contents: Contents, style: MapStyle = {}): string {
  const lines =
    'globals' in contents ? globalsLines(contents.globals, style) : entriesLines(contents.entries, style);
  return lines.length === 0 ? '' : [heading(contents.map), ...lines].join('\n');
}

function entriesLines(entries: readonly MapEntry[], style: MapStyle): string[] {
  if (entries.length === 0) return [];
  const sections = entries.map(entry => histogramOf(entry, style));
  if (sections.every(section => section !== undefined)) return sections.flat();
  const sorted = entries.every(({ value }) => isCount(value)) ? byCount(entries) : entries;
  const lines = table(
    ['key', 'value'],
    sorted.map(({ key, value }) => [cell(key), cell(value)]),
  ).split('\n');
  return lines.flatMap((line, i) => [line, ...stackLines(sorted[i - 1]?.stacks)]);
}

/** Below the entry that has them, the innermost function first. */
function stackLines(stacks: MapEntry['stacks'] = {}): string[] {
  return Object.entries(stacks).map(
    ([name, functions]) => `      ${name}: ${functions.map(printable).join(' < ')}`,
  );
}

/** The lines of one entry; undefined when its value is no histogram, none when nothing was counted. */
function histogramOf({ key, value }: MapEntry, style: MapStyle): string[] | undefined {
  const found = slotsOf(value, style);
  if (!found) return undefined;
  const rest = Object.entries(found.rest).map(([name, each]) => `${name} = ${cell(each)}`);
  const lines = histogram(found.slots, style);
  return lines.length === 0 ? [] : ['', [`key = ${cell(key)}`, ...rest].join(', '), ...lines];
}

function histogram(slots: Slots, { histogram, unit }: MapStyle): string[] {
  const label = unit === undefined ? {} : { label: unit };
  return histogram === 'linear'
    ? linearHistogram(slots, label)
    : log2Histogram(slots, { ...label, firstSlot: 0 });
}

type Slots = ArrayLike<number | bigint> & Iterable<number | bigint>;

/** Where BPF programs in C count by slots: a struct that has `slots`, or an array of that length without a name. */
function slotsOf(value: unknown, style: MapStyle) {
  if (isNumbers(value) && (style.histogram || (value.length >= 16 && value.length <= 65)))
    return { slots: value, rest: {} };
  if (typeof value !== 'object' || value === null || !('slots' in value)) return undefined;
  const { slots, ...rest } = value;
  return isNumbers(slots) ? { slots, rest } : undefined;
}

function globalsLines(globals: Readonly<Record<string, unknown>>, style: MapStyle): string[] {
  const rows: (string | number)[][] = [];
  const histograms: string[] = [];
  for (const [name, value] of Object.entries(globals)) {
    const lines = globalHistograms(name, value, style);
    if (lines) histograms.push(...lines);
    else rows.push([name, cell(value)]);
  }
  return [...(rows.length > 0 ? [table(['name', 'value'], rows)] : []), ...histograms];
}

/** Those of a global that is a histogram, or a list of them; undefined when it is neither. */
function globalHistograms(name: string, value: unknown, style: MapStyle): string[] | undefined {
  const named = isNumbers(value) && /^(slots|hist)$/.test(name) ? { slots: value } : value;
  const single = slotsOf(isNumbers(named) ? undefined : named, style);
  if (single) return titled(name, single, style);
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const each = value.map(item => (isNumbers(item) ? undefined : slotsOf(item, style)));
  if (each.includes(undefined)) return undefined;
  return each.flatMap((found, i) => (found ? titled(`${name}[${i}]`, found, style) : []));
}

function titled(title: string, found: { slots: Slots; rest: object }, style: MapStyle): string[] {
  const lines = histogram(found.slots, style);
  const rest = Object.entries(found.rest).map(([name, each]) => `${name} = ${cell(each)}`);
  return lines.length === 0 ? [] : ['', [title, ...rest].join(', '), ...lines];
}

function isNumbers(value: unknown): value is Slots {
  const list = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  return list && isCount((value as unknown as ArrayLike<unknown>)[0]);
}

function isCount(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function byCount(entries: readonly MapEntry[]): MapEntry[] {
  return [...entries].sort((a, b) => Number(b.value) - Number(a.value));
}

function cell(value: unknown): string | number {
  if (typeof value === 'number') return value;
  return printable(typeof value === 'string' ? value : json(value));
}
