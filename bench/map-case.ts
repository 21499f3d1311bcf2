import { BpfObject, HashMap } from 'rawbpf';
import type { Case } from './compare.js';
import { measured, type Peers } from './peers.js';
import { fixture } from './repository.js';

const entries = 10_000;
const rounds = 20;

/** Lookups of all keys of a hash map from u64 to u64, typed by BTF on our side. */
export function mapLookup(peers: Peers): Case {
  const program = peers.build('map');
  const object = BpfObject.open(fixture('hello-map')).load();
  const map = object.map('counter_table', HashMap);
  for (let key = 0; key < entries; key++) map.set(key, key + 1);
  return {
    name: 'map-lookup',
    unit: 'ns/lookup',
    theirs: () => measured(program, fixture('hello-map'), entries, rounds),
    ours: () => {
      let sum = 0n;
      const start = process.hrtime.bigint();
      for (let round = 0; round < rounds; round++)
        for (let key = 0; key < entries; key++) sum += map.get(key) as bigint;
      const spent = Number(process.hrtime.bigint() - start);
      if (sum !== BigInt((rounds * entries * (entries + 1)) / 2)) throw new Error('wrong values');
      return spent / (rounds * entries);
    },
    [Symbol.dispose]: () => object.close(),
  };
}
