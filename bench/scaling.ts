import { BpfObject, createMap, HashMap, RingBuf } from 'rawbpf';
import { bpf, liveSys } from 'rawbpf/syscall';
import { BpfCmd } from '../src/abi/index.js';
import { type Case, compare } from './compare.js';
import { measured, type Peers } from './peers.js';
import { fixture } from './repository.js';

/** What something costs as it grows, beside libbpf. */
export interface Series {
  readonly name: string;
  /** What x counts. */
  readonly of: string;
  readonly unit: string;
  readonly x: readonly number[];
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

const entryCounts = [1000, 10_000, 100_000, 1_000_000];
const recordSizes = [16, 64, 256, 1024, 4096];

export function scaling(peers: Peers, rounds: number): Series[] {
  const grow = (name: string, of: string, unit: string, xs: readonly number[], make: (x: number) => Case) => {
    const points = xs.map(x => {
      const subject = make(x);
      try {
        return compare(subject, rounds);
      } finally {
        subject[Symbol.dispose]?.();
      }
    });
    const [ours, theirs] = [points.map(point => point.ours), points.map(point => point.theirs)];
    return { name, of, unit, x: xs, ours, theirs };
  };
  return [
    grow('map-lookup', 'entries in a hash map', 'ns/lookup', entryCounts, n => elements(peers, n, 'lookup')),
    grow('map-walk', 'entries in a hash map', 'ns/entry', entryCounts, n => elements(peers, n, 'batch')),
    grow('ring-copy', 'bytes in a record', 'ns/record', recordSizes, n => records(peers, n)),
  ];
}

/** All entries of a hash map from u64 to u64, looked up one by one or walked; the fastest round of each side. */
function elements(peers: Peers, entries: number, mode: 'lookup' | 'batch'): Case {
  const program = peers.build('map');
  const rounds = Math.max(1, Math.round(100_000 / entries));
  const map: HashMap<bigint | number, bigint | number> = createMap({
    type: 'hash',
    key: 'u64',
    value: 'u64',
    maxEntries: Math.max(entries, 10_240),
    kind: HashMap<bigint | number, bigint | number>,
  });
  map.setMany(Array.from({ length: entries }, (_, key) => [key, key + 1] as const));
  const lookups = (): bigint => {
    let sum = 0n;
    for (let key = 0; key < entries; key++) sum += map.get(key) as bigint;
    return sum;
  };
  const walk = (): bigint => {
    let sum = 0n;
    for (const [, value] of map) sum += value as bigint;
    return sum;
  };
  const work = mode === 'lookup' ? lookups : walk;
  return {
    name: mode,
    unit: 'ns',
    theirs: () => measured(program, mode, fixture('hello-map'), entries, rounds),
    ours: () => {
      let sum = 0n;
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < rounds; round++) {
        const start = process.hrtime.bigint();
        sum += work();
        best = Math.min(best, Number(process.hrtime.bigint() - start));
      }
      if (sum !== (BigInt(rounds) * BigInt(entries) * BigInt(entries + 1)) / 2n)
        throw new Error('wrong values');
      return best / entries;
    },
    [Symbol.dispose]: () => map.close(),
  };
}

/** Bytes of the ring of test-stress.bpf.c. */
const ringSize = 2 * 1024 * 1024;
const recordHeader = 8;

/** A full ring, a copy of each record; the fastest fill of each side. */
function records(peers: Peers, size: number): Case {
  const program = peers.build('sized');
  const object = BpfObject.open(fixture('test-stress')).load();
  const count = Math.floor(ringSize / (size + recordHeader)) - 1;
  const fills = Math.max(5, Math.round(200_000 / count));
  const copy = new Uint8Array(size);
  let received = 0;
  const reader = object.map('ring', RingBuf).raw().reader();
  const args = new Uint8Array(BigUint64Array.of(BigInt(count), BigInt(size)).buffer);
  const run = { prog_fd: object.program('produce_sized').fd, ctx_in: args, ctx_size_in: args.length };
  return {
    name: 'ring-copy',
    unit: 'ns',
    theirs: () => measured(program, fixture('test-stress'), size, count, fills),
    ours: () => {
      received = 0;
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < fills; i++) {
        const result = bpf(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, run);
        if (result < 0) throw new Error(`BPF_PROG_TEST_RUN: ${result}`);
        const start = process.hrtime.bigint();
        reader.consume((bytes, offset, length) => {
          copy.set(bytes.subarray(offset, offset + length));
          received++;
        });
        best = Math.min(best, Number(process.hrtime.bigint() - start));
      }
      if (received !== count * fills) throw new Error(`${received} records of ${count * fills}`);
      return best / count;
    },
    [Symbol.dispose]: () => object.close(),
  };
}
