import { readFileSync } from 'node:fs';

/** A part of a process's memory: one line of `/proc/PID/maps`. */
export interface Mapping {
  readonly start: bigint;
  /** The first address after it. */
  readonly end: bigint;
  readonly executable: boolean;
  /** Bytes from the start of the file to what is at `start`. */
  readonly offset: number;
  /** As the process has it, without ` (deleted)`; `[vdso]`, `[heap]`, or empty for memory without a name. */
  readonly path: string;
  /** True when the file has no name any more. */
  readonly deleted: boolean;
}

const line = /^([0-9a-f]+)-([0-9a-f]+) ..(.). ([0-9a-f]+) \S+ \d+ *(.*)$/;

/** The memory of a process, by ascending addresses; undefined where it cannot be read, because the process has ended or is another user's. */
export function readProcessMaps(pid: number): Mapping[] | undefined {
  try {
    return parseProcessMaps(readFileSync(`/proc/${pid}/maps`, 'utf8'));
  } catch {
    return undefined;
  }
}

export function parseProcessMaps(text: string): Mapping[] {
  return text.split('\n').flatMap(row => {
    const [, start, end, x, offset, name = ''] = line.exec(row) ?? [];
    if (start === undefined) return [];
    const path = name.replace(/ \(deleted\)$/, '').replaceAll('\\012', '\n');
    const deleted = name.endsWith(' (deleted)');
    return {
      start: BigInt(`0x${start}`),
      end: BigInt(`0x${end}`),
      executable: x === 'x',
      offset: Number(`0x${offset}`),
      path,
      deleted,
    };
  });
}

/** The mapping with an address in it. */
export function mappingAt(maps: readonly Mapping[], address: bigint): Mapping | undefined {
  let [low, high] = [0, maps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (maps[middle]!.end <= address) low = middle + 1;
    else high = middle;
  }
  const found = maps[low];
  return found && found.start <= address ? found : undefined;
}
