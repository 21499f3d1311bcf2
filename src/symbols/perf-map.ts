import { readFileSync, statSync } from 'node:fs';

interface Entry {
  readonly start: bigint;
  readonly end: bigint;
  readonly name: string;
  /** Its line: what was written later is where something else was before. */
  readonly line: number;
}

/**
 * Names of code that a compiler made at run time, from `/tmp/perf-PID.map` (`START SIZE NAME`, hexadecimal), which node writes with `--perf-basic-prof`, Java with
 * an agent. The file grows while the process runs: it is read again when it has changed.
 */
export class PerfMap {
  readonly #paths: readonly string[];
  #stamp = '';
  #entries: readonly Entry[] = [];
  /** The greatest end of the entries up to each. */
  #reach: readonly bigint[] = [];

  /** `paths` in the order in which they are tried. */
  constructor(...paths: string[]) {
    this.#paths = paths;
  }

  /** The code that is, or was last, at an address. */
  find(address: bigint): { readonly name: string; readonly start: bigint } | undefined {
    this.#refresh();
    let best: Entry | undefined;
    for (let i = this.#after(address) - 1; i >= 0 && this.#reach[i]! > address; i--) {
      const entry = this.#entries[i]!;
      if (entry.end > address && (!best || entry.line > best.line)) best = entry;
    }
    return best;
  }

  #refresh(): void {
    for (const path of this.#paths) {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (!stat?.isFile()) continue;
      const stamp = `${path} ${stat.ino} ${stat.size} ${stat.mtimeMs}`;
      if (stamp === this.#stamp) return;
      try {
        this.#entries = parse(readFileSync(path, 'utf8'));
      } catch {
        continue;
      }
      this.#stamp = stamp;
      let reach = 0n;
      this.#reach = this.#entries.map(({ end }) => {
        if (end > reach) reach = end;
        return reach;
      });
      return;
    }
  }

  #after(address: bigint): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function parse(text: string): Entry[] {
  const entries: Entry[] = [];
  for (const match of text.matchAll(/^(?:0x)?([0-9a-f]+) (?:0x)?([0-9a-f]+) (.+)$/gim)) {
    const [, start, size, name = ''] = match;
    const from = BigInt(`0x${start}`);
    entries.push({ start: from, end: from + BigInt(`0x${size}`), name, line: entries.length });
  }
  return entries.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
}
