import { BpfObject } from 'rawbpf';
import type { Case } from './compare.js';
import { measured, type Peers } from './peers.js';
import { fixture } from './repository.js';

const object = 'test-ring-bench';
const lookups = 200_000;
const reads = 5_000_000;

/** A loaded global by its name, beside a lookup of its section's map: what reading it costs where it is not mapped. */
export function globalRead(peers: Peers): Case {
  const program = peers.build('global');
  const loaded = BpfObject.open(fixture(object)).load();
  const { globals } = loaded;
  return {
    name: 'global-read',
    unit: 'ns/read',
    theirs: () => measured(program, fixture(object), '.bss', lookups),
    ours: () => {
      globals['dropped'] = 3n;
      let sum = 0n;
      const start = process.hrtime.bigint();
      for (let i = 0; i < reads; i++) sum += globals['dropped'] as bigint;
      const spent = Number(process.hrtime.bigint() - start);
      if (sum !== BigInt(3 * reads)) throw new Error('wrong values');
      return spent / reads;
    },
    [Symbol.dispose]: () => loaded.close(),
  };
}
