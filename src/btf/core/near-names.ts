/** Names out of a list that one may have been meant for, the nearest first, three at the most. */
export function nearNames(wanted: string, names: Iterable<string>): string[] {
  const most = Math.max(2, Math.floor(wanted.length / 3));
  const near: { readonly name: string; readonly distance: number }[] = [];
  const seen = new Set<string>(['', wanted]);
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    const contains = name.includes(wanted) || (wanted.length > 3 && name.length > 3 && wanted.includes(name));
    const distance = Math.abs(name.length - wanted.length) > most ? most + 1 : editDistance(wanted, name);
    if (distance <= most) near.push({ name, distance });
    else if (contains) near.push({ name, distance: most + 1 });
  }
  near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return near.slice(0, 3).map(n => n.name);
}

/** How many characters have to be changed, added or taken away. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
