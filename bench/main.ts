/**
 * `npm run bench -- [--json] [--rounds N] [--scaling | CASE…]`: rawbpf beside small C programs on libbpf, in the same run. Needs root, cc and libbpf-dev.
 * `--scaling` measures the cost as maps and records grow.
 */
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { type Case, type Comparison, compare, NotAtHand } from './compare.js';
import { btfVmlinux, objectLoad, objectLoadCore, objectOpen, objectOpenLarge } from './engine-case.js';
import { eventDrain } from './event-case.js';
import { globalRead } from './global-case.js';
import { inspectColdStart } from './inspect-case.js';
import { ringLatency } from './latency-case.js';
import { mapBatch, mapLookup, mapUpdate } from './map-case.js';
import { besideOthers } from './map-peers.js';
import { Peers } from './peers.js';
import { scaling } from './scaling.js';

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean' },
    scaling: { type: 'boolean' },
    rounds: { type: 'string', default: '9' },
  },
  allowPositionals: true,
});

const makers: Readonly<Record<string, (peers: Peers) => Case | readonly Case[]>> = {
  'ring-raw': peers => eventDrain(peers, 'ring', 'raw'),
  'ring-decoded': peers => eventDrain(peers, 'ring', 'decoded'),
  'perf-raw': peers => eventDrain(peers, 'perf', 'raw'),
  'perf-decoded': peers => eventDrain(peers, 'perf', 'decoded'),
  'ring-latency': ringLatency,
  'map-lookup': peers => besideOthers(peers, mapLookup(peers), 'lookup'),
  'map-update': peers => besideOthers(peers, mapUpdate(peers), 'update'),
  'map-batch': peers => besideOthers(peers, mapBatch(peers), 'batch'),
  'global-read': globalRead,
  'inspect-cold-start': inspectColdStart,
  'btf-vmlinux': btfVmlinux,
  'object-open': objectOpen,
  'object-open-large': objectOpenLarge,
  'object-load': objectLoad,
  'object-load-core': objectLoadCore,
};

const cases: Comparison[] = [];
/** Cases that this machine lacks something for, and what. */
const notAtHand: string[] = [];
using peers = new Peers();
for (const [name, make] of Object.entries(makers)) {
  if (values.scaling) break;
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  orNotAtHand(name, () => {
    const subjects = [make(peers)].flat();
    try {
      for (const subject of subjects)
        orNotAtHand(`${subject.name} beside ${subject.peer ?? 'libbpf'}`, () =>
          cases.push(compare(subject, Number(values.rounds))),
        );
    } finally {
      for (const subject of subjects) subject[Symbol.dispose]?.();
    }
  });
}

const series = values.scaling ? scaling(peers, Number(values.rounds)) : undefined;

function orNotAtHand(what: string, measure: () => void): void {
  try {
    measure();
  } catch (error) {
    if (!(error instanceof NotAtHand)) throw error;
    notAtHand.push(`${what}: ${error.message}`);
  }
}

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
    head: ['case', 'peer', 'unit', 'rawbpf', 'its', 'ratio'],
    style: { head: [], border: [] },
  });
  for (const { name, peer, unit, ours, theirs, ratio } of cases)
    table.push([name, peer, unit, ours.toFixed(2), theirs.toFixed(2), `${ratio.toFixed(2)}×`]);
  console.log(table.toString());
  for (const reason of notAtHand) console.log(`not at hand: ${reason}`);
  console.log(`Median of ${values.rounds} paired rounds; ratio = rawbpf / peer.`);
}
