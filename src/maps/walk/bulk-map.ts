import { BpfCmd, BpfMapType } from '../../abi/index.js';
import type { Kernel } from '../../kernel/index.js';
import { type BpfError, MapBatch, type MapElem, type Sys } from '../../syscall/index.js';
import type { ElementCodec } from '../element-codec.js';
import { isLacking, setLacking } from '../lacking.js';
import { BatchSource } from './batch-source.js';
import type { ElementSource, WalkAction } from './element-source.js';
import { isIndexed } from './indexed.js';
import { KeySource } from './key-source.js';
import { SeenKeys } from './seen-keys.js';

/** What calls on many elements need of a map. */
export interface BulkMap {
  readonly sys: Sys;
  readonly kernel: Kernel;
  readonly type: number;
  readonly maxEntries: number;
  readonly key: ElementCodec<unknown>;
  readonly value: ElementCodec<unknown>;
  /** Bytes of a key, and of a value (per-CPU: of all CPUs), as the kernel copies them. */
  readonly keySize: number;
  readonly valueSize: number;
  /** Throws TypeError after close(). */
  fd(): number;
  elem(): MapElem;
  refused(cmd: number, errno: number, done?: number): BpfError;
}

/** Memory that the keys and values of a batch take. */
const batchBytes = 256 * 1024;
/** A bucket of a hash must fit; most hold fewer than this. */
const leastEntries = 32;

/** Room for as many elements as one call should do. */
export function newBatch(map: BulkMap): MapBatch {
  const fitting = Math.max(leastEntries, Math.floor(batchBytes / (map.keySize + map.valueSize)));
  const capacity = Math.max(1, Math.min(map.maxEntries, fitting));
  return new MapBatch(map.sys, map.fd(), { key: map.keySize, value: map.valueSize, capacity });
}

/** The elements of a map, from the first: a source, and how many of them it has got already. `seen` is set where keys may come again. */
export interface OpenedSource {
  readonly source: ElementSource;
  readonly filled: number;
  readonly seen: SeenKeys | undefined;
}

/** By batches where the kernel has them for this map, else by key. Throws BpfError. */
export function openSource(map: BulkMap, action: WalkAction): OpenedSource {
  const take = action === 'take';
  const cmd = take ? BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH : BpfCmd.BPF_MAP_LOOKUP_BATCH;
  if (!isLacking(map.kernel, map.type, cmd)) {
    const refuse = (errno: number): Error => map.refused(cmd, errno);
    const source = new BatchSource(newBatch(map), take, map.maxEntries, () => void map.fd(), refuse);
    const filled = source.first();
    const once = take || isIndexed(map.type) || hashes.has(map.type);
    if (filled !== undefined) return { source, filled, seen: once ? undefined : new SeenKeys() };
    setLacking(map.kernel, map.type, cmd);
  }
  const seen = take || isIndexed(map.type) ? undefined : new SeenKeys();
  const source = new KeySource(
    () => map.elem(),
    action,
    seen,
    (step, errno) => map.refused(commands[step], errno),
  );
  return { source, filled: 0, seen };
}

/** Hashes whose batches go from bucket to bucket: a key has one bucket, and so comes once. */
const hashes: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_HASH,
  BpfMapType.BPF_MAP_TYPE_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_LRU_HASH,
  BpfMapType.BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS,
]);

const commands = {
  next: BpfCmd.BPF_MAP_GET_NEXT_KEY,
  lookup: BpfCmd.BPF_MAP_LOOKUP_ELEM,
  delete: BpfCmd.BPF_MAP_DELETE_ELEM,
} as const;
