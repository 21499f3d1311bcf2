import { BpfObject } from 'rawbpf';
import { pythonWithBcc } from './bcc.js';
import { buildCilium } from './cilium.js';
import { beside, type Case } from './compare.js';
import { entries, rounds } from './map-case.js';
import { measuredWith, type Peers } from './peers.js';
import { fixture, repository } from './repository.js';

const file = fixture('hello-map');

/** A map's case beside cilium/ebpf, and where BCC does the same, beside it. */
export function besideOthers(peers: Peers, libbpf: Case, mode: 'lookup' | 'update' | 'batch'): Case[] {
  const cilium = beside(libbpf, 'cilium', () =>
    measuredWith([], [buildCilium(peers.folder), 'map', file, mode, entries, rounds]),
  );
  if (mode !== 'lookup') return [libbpf, cilium];
  const bcc = beside(libbpf, 'bcc', () => {
    using object = BpfObject.open(file).load();
    const map = object.map('counter_table');
    const script = `${repository}/bench/peers/bcc/peer.py`;
    // The script finds the map as fd 4.
    return measuredWith([map.fd, map.fd], [pythonWithBcc(), script, 'map', entries, 2]);
  });
  return [libbpf, cilium, bcc];
}
