import { execFileSync } from 'node:child_process';
import { type Case, type Comparison, compare, NotAtHand } from './compare.js';
import { btfVmlinux, objectLoad, objectLoadCore, objectOpen, objectOpenLarge } from './engine-case.js';
import { eventDrain } from './event-case.js';
import { globalRead } from './global-case.js';
import { ringLatency } from './latency-case.js';
import { loadAttach, loadAttachCore } from './load-case.js';
import { mapBatch, mapLookup, mapUpdate } from './map-case.js';
import { besideOthers } from './map-peers.js';
import type { Peers } from './peers.js';
import { cliStartInspect, cliStartProgList, inspectColdStart } from './start-case.js';

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
  'cli-start-inspect': cliStartInspect,
  'cli-start-prog-list': cliStartProgList,
  'btf-vmlinux': btfVmlinux,
  'object-open': objectOpen,
  'object-open-large': objectOpenLarge,
  'object-load': objectLoad,
  'object-load-core': objectLoadCore,
  'load-attach': loadAttach,
  'load-attach-core': loadAttachCore,
};

export const caseNames = Object.keys(makers);

export interface Measured {
  readonly cases: readonly Comparison[];
  /** Cases that this machine lacks something for, and what. */
  readonly notAtHand: readonly string[];
}

/** Measures each case in a process of its own, so that none changes how the code of another is compiled. */
export function measureApart(peers: Peers, names: readonly string[], rounds: string): Measured {
  const cases: Comparison[] = [];
  const notAtHand: string[] = [];
  for (const name of names) {
    const args = [process.argv[1] as string, '--json', '--rounds', rounds, '--peers', peers.folder, name];
    const output = execFileSync(process.execPath, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const measured = JSON.parse(output) as Measured;
    cases.push(...measured.cases);
    notAtHand.push(...measured.notAtHand);
  }
  return { cases, notAtHand };
}

/** Measures a case beside all its peers in this process. Throws TypeError for a name that no case has. */
export function measure(peers: Peers, name: string, rounds: number): Measured {
  const make = makers[name];
  if (!make) throw new TypeError(`there is no case ${name}; there is ${caseNames.join(', ')}`);
  const cases: Comparison[] = [];
  const notAtHand: string[] = [];
  const orNotAtHand = (what: string, run: () => void): void => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof NotAtHand)) throw error;
      notAtHand.push(`${what}: ${error.message}`);
    }
  };
  orNotAtHand(name, () => {
    const subjects = [make(peers)].flat();
    try {
      for (const subject of subjects)
        orNotAtHand(`${subject.name} beside ${subject.peer ?? 'libbpf'}`, () =>
          cases.push(compare(subject, rounds)),
        );
    } finally {
      for (const subject of subjects) subject[Symbol.dispose]?.();
    }
  });
  return { cases, notAtHand };
}
