import { BpfObject, HashMap } from 'rawbpf';
import type { Case } from './compare.js';
import { measured, type Peers } from './peers.js';
import { fixture } from './repository.js';

export const entries = 10_000;
/** Each side works through the map so often, and counts the fastest. */
export const rounds = 20;

type Counters = HashMap<bigint | number, bigint | number>;

/** Does something with all entries of the map; the sum of their values. */
type Work = (map: Counters) => bigint;

/** Work on a hash map from u64 to u64, typed by BTF on our side. */
function mapCase(peers: Peers, mode: 'lookup' | 'update' | 'batch', unit: string, work: Work): Case {
  const program = peers.build('map');
  const object = BpfObject.open(fixture('hello-map')).load();
  const map: Counters = object.map('counter_table', HashMap<bigint | number, bigint | number>);
  map.setMany(Array.from({ length: entries }, (_, key) => [key, key + 1] as const));
  return {
    name: `map-${mode}`,
    unit,
    theirs: () => measured(program, mode, fixture('hello-map'), entries, rounds),
    ours: () => {
      let sum = 0n;
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < rounds; round++) {
        const start = process.hrtime.bigint();
        sum += work(map);
        best = Math.min(best, Number(process.hrtime.bigint() - start));
      }
      if (sum !== BigInt((rounds * entries * (entries + 1)) / 2)) throw new Error('wrong values');
      return best / entries;
    },
    [Symbol.dispose]: () => object.close(),
  };
}

/** One lookup a call. */
export function mapLookup(peers: Peers): Case {
  return mapCase(peers, 'lookup', 'ns/lookup', map => {
    let sum = 0n;
    for (let key = 0; key < entries; key++) sum += map.get(key) as bigint;
    return sum;
  });
}

/** One update a call, of a key that is there. */
export function mapUpdate(peers: Peers): Case {
  return mapCase(peers, 'update', 'ns/update', map => {
    for (let key = 0; key < entries; key++) map.set(key, key + 1);
    return BigInt((entries * (entries + 1)) / 2);
  });
}

/** All entries, decoded, by batches. */
export function mapBatch(peers: Peers): Case {
  return mapCase(peers, 'batch', 'ns/entry', map => {
    const walk = map.entries();
    if (walk.method !== 'batch') throw new Error('this kernel has no batches');
    let sum = 0n;
    for (const [, value] of walk) sum += value as bigint;
    return sum;
  });
}
