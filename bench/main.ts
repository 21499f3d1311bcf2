/**
 * `npm run bench -- [--json] [--rounds N] [--scaling | CASE…]`: rawbpf beside small C programs on libbpf, in the same run. Needs root, cc and libbpf-dev.
 * `--scaling` measures the cost as maps and records grow.
 */
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { caseNames, measure, measureApart } from './cases.js';
import { Peers } from './peers.js';
import { scaling } from './scaling.js';

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean' },
    scaling: { type: 'boolean' },
    rounds: { type: 'string', default: '9' },
    /** Folder of compiled peers, given to the processes that measure one case each. */
    peers: { type: 'string' },
  },
  allowPositionals: true,
});

using peers = new Peers(values.peers);
const rounds = Number(values.rounds);
const [only, ...others] = positionals;
const series = values.scaling ? scaling(peers, rounds) : undefined;
const { cases, notAtHand } = series
  ? { cases: [], notAtHand: [] }
  : only !== undefined && others.length === 0
    ? measure(peers, only, rounds)
    : measureApart(peers, positionals.length > 0 ? positionals : caseNames, values.rounds);

/** What the numbers are of. */
function machine() {
  return { cpu: cpus()[0]?.model, kernel: release(), node: process.version };
}

if (values.json)
  console.log(
    JSON.stringify({ machine: machine(), ...(series ? { series } : { cases, notAtHand }) }, null, 2),
  );
else if (series) {
  for (const { name, of, unit, x, ours, theirs } of series) {
    const table = new Table({
      head: [of, `rawbpf, ${unit}`, 'libbpf', 'ratio'],
      style: { head: [], border: [] },
    });
    for (const [i, at] of x.entries()) {
      const [our = 0, their = 0] = [ours[i], theirs[i]];
      table.push([at, our.toFixed(2), their.toFixed(2), `${(our / their).toFixed(2)}×`]);
    }
    console.log(`${name}\n${table}`);
  }
} else {
  const table = new Table({
    head: ['case', 'peer', 'unit', 'rawbpf', 'its', 'difference', 'ratio'],
    style: { head: [], border: [] },
  });
  for (const { name, peer, unit, ours, theirs, difference, ratio } of cases) {
    const numbers = [ours, theirs, difference].map(number => number.toFixed(2));
    table.push([name, peer, unit, ...numbers, `${ratio.toFixed(2)}×`]);
  }
  console.log(table.toString());
  for (const reason of notAtHand) console.log(`not at hand: ${reason}`);
  console.log(`Median of ${values.rounds} paired rounds; difference = rawbpf - peer, ratio = rawbpf / peer.`);
}
