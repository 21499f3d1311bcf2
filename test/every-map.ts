import type { Test } from 'tap';
import { UnsupportedFeatureError } from '../src/kernel/index.js';
import {
  type BpfMap,
  createMap,
  HashMap,
  type MapBytes,
  MapOfMaps,
  type MapTemplate,
  openMapBytes,
  ProgArray,
} from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { fixture } from './repository.js';

const sized = { key: 4, value: 8, maxEntries: 4 };

/** Types that the objects below have no maps of. */
const byHand: readonly MapTemplate[] = [
  { type: 'rhash', ...sized },
  { type: 'perf_event_array', name: 'perf_events' },
  { type: 'cgroup_array', maxEntries: 2 },
  { type: 'devmap', maxEntries: 3, name: 'devices' },
  { type: 'devmap_hash', maxEntries: 4 },
  { type: 'cpumap', maxEntries: 2 },
  { type: 'xskmap', maxEntries: 2 },
  { type: 'sockmap', value: 8, maxEntries: 2, name: 'sockets' },
  { type: 'sockmap', value: 4, maxEntries: 2, name: 'narrow_sockets' },
  { type: 'sockhash', key: 4, maxEntries: 4 },
  { type: 'reuseport_sockarray', value: 4, maxEntries: 2 },
  { type: 'ringbuf', maxEntries: 4096 },
  { type: 'user_ringbuf', maxEntries: 4096 },
  { type: 'sk_storage', value: 'u32' },
  { type: 'inode_storage', value: 'u32' },
  { type: 'task_storage', value: 'u32' },
  { type: 'cgrp_storage', value: 'u64' },
  { type: 'cgroup_storage', key: 16, value: 8 },
  { type: 'arena', maxEntries: 4 },
];

/** A live map of every type that the kernel has, with elements in those that user space can write, until the test ends. */
export function everyMap(t: Test): readonly MapBytes[] {
  const objects = ['test-types', 'test-hash-maps', 'test-map-kinds'].map(name =>
    BpfObject.open(fixture(name)).load(),
  );
  const made = byHand.flatMap(template => create(t, template));
  const maps = [...objects.flatMap(object => Object.values(object.maps)), ...made].map(map =>
    openMapBytes({ id: map.id }),
  );
  t.teardown(() => {
    for (const one of [...maps, ...made, ...objects]) one.close();
  });
  for (const map of maps) fill(map);
  const kinds = objects[2] as BpfObject;
  kinds.map('jumps', ProgArray).set(2, kinds.program('see'));
  kinds.map('by_number', MapOfMaps).set(7n, kinds.map('first', HashMap));
  return maps;
}

function create(t: Test, template: MapTemplate): BpfMap[] {
  try {
    return [createMap(template)];
  } catch (error) {
    if (!(error instanceof UnsupportedFeatureError)) throw error;
    t.comment(`not on this kernel: ${error.message}`);
    return [];
  }
}

/** Types into whose elements any bytes may go. */
const plain: readonly string[] = [
  'hash',
  'lru_hash',
  'percpu_hash',
  'lru_percpu_hash',
  'array',
  'percpu_array',
];
const written: readonly string[] = [...plain, 'rhash', 'queue', 'stack', 'bloom_filter', 'lpm_trie'];

function fill(map: MapBytes): void {
  const { typeName, frozen } = map.info();
  if (!written.includes(typeName) || frozen || map.name.includes('.')) return;
  for (let i = 0; i < Math.min(3, map.maxEntries); i++) {
    const key = pattern(map.keySize, i);
    if (typeName.includes('array')) key.fill(0).set([i]);
    if (typeName === 'lpm_trie') key.set([8 * (i + 1), 0, 0, 0]);
    const value = pattern(map.valueSize, i + 5);
    map.set(key, map.forAllCpus(value));
  }
}

/** Bytes that differ, among them zeros, letters and some that do not print; no quotes, of which bpftool makes no JSON. */
function pattern(size: number, seed: number): Uint8Array {
  const bytes = [1, 65, 0, 200, 122, 255, 7, 48, 128, 31];
  return Uint8Array.from({ length: size }, (_, i) => bytes[(i * (seed + 3) + seed) % bytes.length] as number);
}
