/** The names that were perhaps meant: at most three, nearest first, each by as few letters amiss as a slip of the pen makes. */
export function nearestNames(wanted: string, names: Iterable<string>): string[] {
  const most = wanted.length < 9 ? 2 : 3;
  const near: { readonly name: string; readonly distance: number }[] = [];
  for (const name of new Set(names)) {
    // What differs by more in length alone is not worth comparing: a kernel has 200,000 symbols.
    if (Math.abs(name.length - wanted.length) > most) continue;
    const distance = editDistance(wanted, name, most);
    if (distance <= most) near.push({ name, distance });
  }
  return near
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** `; near it are a, b`, or nothing when there are none. */
export function nearText(names: readonly string[]): string {
  return names.length > 0 ? `; near it are ${names.join(', ')}` : '';
}

/** Levenshtein distance; `most + 1` as soon as it is known to be more than `most`. Looks only at what so few changes can reach. */
function editDistance(a: string, b: string, most: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  let next = row.slice();
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - most);
    const to = Math.min(b.length, i + most);
    next.fill(most + 1);
    if (i <= most) next[0] = i;
    let least = next[0]!;
    for (let j = from; j <= to; j++) {
      const cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      next[j] = cost;
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    [row, next] = [next, row];
  }
  return row[b.length]!;
}
