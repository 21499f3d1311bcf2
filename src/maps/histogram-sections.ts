import type { Slots } from './histogram.js';

type Section = string | number | bigint | boolean;

/**
 * The histograms in a map whose keys hold a section and a slot: `{ disk: 'sda', slot: 12n }` → count. `split` says which is which; by default the
 * section is the key's first field and the slot its last. Sections come in the order of the map. Throws TypeError for a key that is no struct.
 */
export function slotsBySection<K>(
  entries: Iterable<readonly [K, number | bigint]>,
  split: (key: K) => readonly [section: Section, slot: number | bigint] = firstAndLast,
): Map<Section, [slot: number | bigint, count: number | bigint][]> {
  const sections = new Map<Section, [number | bigint, number | bigint][]>();
  for (const [key, count] of entries) {
    const [section, slot] = split(key);
    const slots = sections.get(section) ?? [];
    sections.set(section, slots);
    slots.push([slot, count]);
  }
  return sections;
}

function firstAndLast(key: unknown): readonly [Section, number | bigint] {
  const fields = typeof key === 'object' && key !== null ? Object.values(key) : [];
  if (fields.length < 2) throw new TypeError('the keys of this map have no fields: say what is the section');
  return [fields[0], fields.at(-1)];
}

/** Lines of several histograms under a heading each, as BCC prints them: an empty line, `disk = sda`, the histogram. `histogram` makes the lines of one. */
export function histogramSections(
  sections: Iterable<readonly [section: unknown, slots: Slots]>,
  heading: string,
  histogram: (slots: Slots) => string[],
): string[] {
  return Array.from(sections, ([section, slots]) => [
    '',
    `${heading} = ${section}`,
    ...histogram(slots),
  ]).flat();
}
