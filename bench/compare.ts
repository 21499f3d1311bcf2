/** Something measured on both sides. Each side returns what one unit of work took. */
export interface Case {
  readonly name: string;
  readonly unit: string;
  /** What it is measured against. Default: libbpf. */
  readonly peer?: Peer;
  ours(): number;
  theirs(): number;
  [Symbol.dispose]?(): void;
}

export type Peer = 'libbpf' | 'cilium' | 'bcc' | 'node -e 0';

export interface Comparison {
  readonly name: string;
  readonly peer: Peer;
  readonly unit: string;
  readonly ours: number;
  readonly theirs: number;
  /** ours / theirs, the median over the rounds: what disturbs a round disturbs both of its sides. */
  readonly ratio: number;
  /** ours - theirs, likewise. */
  readonly difference: number;
}

/** The same beside another peer; what it holds is closed with the first. */
export function beside({ name, unit, ours }: Case, peer: Peer, theirs: () => number): Case {
  return { name, unit, peer, ours, theirs };
}

/** What a case would be measured against is not on this machine. */
export class NotAtHand extends Error {}

/** Measures a case in paired rounds, each side going first in every other round, after one round that does not count. */
export function compare(subject: Case, rounds: number): Comparison {
  const pairs: { ours: number; theirs: number }[] = [];
  for (let round = -1; round < rounds; round++) {
    const first = round % 2 === 0 ? subject.ours() : undefined;
    const theirs = subject.theirs();
    const pair = { ours: first ?? subject.ours(), theirs };
    if (round >= 0) pairs.push(pair);
  }
  return {
    name: subject.name,
    peer: subject.peer ?? 'libbpf',
    unit: subject.unit,
    ours: median(pairs.map(pair => pair.ours)),
    theirs: median(pairs.map(pair => pair.theirs)),
    ratio: median(pairs.map(pair => pair.ours / pair.theirs)),
    difference: median(pairs.map(pair => pair.ours - pair.theirs)),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
