/** Counts by slot: a list in the order of the slots, or entries `[slot, count]`, which a map from slots to counts is made of. */
export type Slots =
  | Iterable<number | bigint>
  | Iterable<readonly [slot: number | bigint, count: number | bigint]>;

export interface HistogramOptions {
  /** What was measured, above the ranges: `usecs`. Default `value`. */
  readonly label?: string;
  /** Begin with the first slot that has a count. Default false. */
  readonly stripLeadingZeros?: boolean;
}

export interface Log2HistogramOptions extends HistogramOptions {
  /** The slot of the values 0 and 1: 1 as BCC's `bpf_log2l()` numbers them (the default), 0 as libbpf-tools' `log2l()` does. */
  readonly firstSlot?: 0 | 1;
}

const starsMax = 40;
const lastLog2Slot = 64;
const lastLinearSlot = 1024;

/**
 * Lines of a histogram whose slots double in width, as BCC's `print_log2_hist` prints it; none where nothing was counted. Throws RangeError for a slot that no
 * 64-bit value has.
 */
export function log2Histogram(
  slots: Slots,
  { label = 'value', stripLeadingZeros = false, firstSlot = 1 }: Log2HistogramOptions = {},
): string[] {
  const counts = countsOf(slots, lastLog2Slot - 1 + firstSlot);
  if (firstSlot === 0) counts.unshift(0n);
  const last = counts.length - 1;
  if (last < 1) return [];
  const [before, heading, number, stars] = last <= 32 ? [5, 19, 10, starsMax] : [15, 29, 20, starsMax / 2];
  const most = greatest(counts);
  const lines = counts.map((count, slot) => {
    const high = (1n << BigInt(slot)) - 1n;
    const low = slot <= 1 ? 0n : (high + 1n) / 2n;
    return `${pad(low, -number)} -> ${pad(high, number)} : ${bar(count, most, stars)}`;
  });
  const first = stripLeadingZeros ? counts.findIndex((count, slot) => slot > 0 && count > 0n) : 1;
  return [`${' '.repeat(before)}${header(label, heading)}`, ...lines.slice(first)];
}

/**
 * Lines of a histogram with a value for each slot, as BCC's `print_linear_hist` prints it; none where nothing was counted. Throws RangeError for
 * a slot above 1,024.
 */
export function linearHistogram(
  slots: Slots,
  { label = 'value', stripLeadingZeros = false }: HistogramOptions = {},
): string[] {
  const counts = countsOf(slots, lastLinearSlot);
  if (counts.length === 0) return [];
  const most = greatest(counts);
  const lines = counts.map((count, slot) => `        ${pad(slot, 10)} : ${bar(count, most, starsMax)}`);
  const first = stripLeadingZeros ? counts.findIndex(count => count > 0n) : 0;
  return [`     ${header(label, 13)}`, ...lines.slice(first)];
}

/** Counts by slot up to the last that is not 0. */
function countsOf(slots: Slots, limit: number): bigint[] {
  const counts: bigint[] = [];
  let next = 0;
  for (const item of slots) {
    const [slot, count] = typeof item === 'object' ? item : [next++, item];
    if (!Number.isInteger(Number(slot)) || slot < 0 || (slot > limit && Number(count) !== 0))
      throw new RangeError(`slot ${slot}: the slots of this histogram are 0 to ${limit}`);
    if (slot <= limit) counts[Number(slot)] = BigInt(count);
  }
  const filled = Array.from(counts, count => count ?? 0n);
  return filled.slice(0, filled.findLastIndex(count => count > 0n) + 1);
}

function greatest(counts: readonly bigint[]): bigint {
  return counts.reduce((most, count) => (count > most ? count : most), 0n);
}

function header(label: string, width: number): string {
  return `${label.padEnd(width)} : count     distribution`;
}

/** A number in at least `width` columns, on the right of them where the width is negative. */
function pad(value: number | bigint, width: number): string {
  return width < 0 ? String(value).padStart(-width) : String(value).padEnd(width);
}

function bar(count: bigint, most: bigint, width: number): string {
  const stars = Number((BigInt(width) * count) / most);
  return `${pad(count, 8)} |${'*'.repeat(stars).padEnd(width)}|`;
}
