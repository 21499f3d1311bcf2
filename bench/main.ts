/** `npm run bench -- [--json] [--rounds N] [CASE…]`: rawbpf beside small C programs on libbpf, in the same run. Needs root, cc and libbpf-dev. */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { type Comparison, compare } from './compare.js';
import { inspectColdStart } from './inspect-case.js';
import { mapLookup } from './map-case.js';
import { Peers } from './peers.js';
import { ringDrain } from './ring-case.js';

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, rounds: { type: 'string', default: '9' } },
  allowPositionals: true,
});

const makers = {
  'ring-raw': (peers: Peers) => ringDrain(peers, 'raw'),
  'ring-decoded': (peers: Peers) => ringDrain(peers, 'decoded'),
  'map-lookup': mapLookup,
  'inspect-cold-start': inspectColdStart,
};

const cases: Comparison[] = [];
using peers = new Peers();
for (const [name, make] of Object.entries(makers)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const subject = make(peers);
  try {
    cases.push(compare(subject, Number(values.rounds)));
  } finally {
    subject[Symbol.dispose]?.();
  }
}

if (values.json) console.log(JSON.stringify({ cases }, null, 2));
else {
  const table = new Table({
    head: ['case', 'unit', 'rawbpf', 'libbpf', 'ratio'],
    style: { head: [], border: [] },
  });
  for (const { name, unit, ours, theirs, ratio } of cases)
    table.push([name, unit, ours.toFixed(2), theirs.toFixed(2), `${ratio.toFixed(2)}×`]);
  console.log(table.toString());
  console.log(`Median of ${values.rounds} paired rounds; ratio = rawbpf / libbpf.`);
}
