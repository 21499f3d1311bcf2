import { BpfCmd, BpfFlags } from '../../abi/index.js';
import { Errno, type MapBatch } from '../../syscall/index.js';
import { isLacking, setLacking } from '../lacking.js';
import { type BulkMap, newBatch } from './bulk-map.js';

/** Writes entries a batch at a time where the kernel can, else one by one; returns how many. `flags` are those of an update. */
export function setMany(map: BulkMap, entries: Iterable<readonly [unknown, unknown]>, flags: number): number {
  const batch = newBatch(map);
  const byBatch = (flags & ~BpfFlags.BPF_F_LOCK) === 0;
  let done = 0;
  let filled = 0;
  const flush = (): void => {
    if (filled > 0) done += flushUpdate(map, batch, filled, flags, byBatch, done);
    filled = 0;
  };
  for (const [key, value] of entries) {
    map.key.writeAt(batch.keyView, filled * map.keySize, key);
    map.value.writeAt(batch.valueView, filled * map.valueSize, value);
    if (++filled === batch.capacity) flush();
  }
  flush();
  return done;
}

function flushUpdate(
  map: BulkMap,
  batch: MapBatch,
  count: number,
  flags: number,
  byBatch: boolean,
  done: number,
): number {
  const cmd = BpfCmd.BPF_MAP_UPDATE_BATCH;
  if (byBatch && !isLacking(map.kernel, map.type, cmd)) {
    map.fd();
    const result = batch.update(count, flags);
    if (result === 0) return count;
    if (!batch.unsupported(result)) throw map.refused(cmd, -result, done + batch.count);
    setLacking(map.kernel, map.type, cmd);
  }
  for (let i = 0; i < count; i++) {
    const elem = map.elem();
    elem.key.set(batch.keys.subarray(i * map.keySize, (i + 1) * map.keySize));
    elem.value.set(batch.values.subarray(i * map.valueSize, (i + 1) * map.valueSize));
    const result = elem.update(flags);
    if (result < 0) throw map.refused(BpfCmd.BPF_MAP_UPDATE_ELEM, -result, done + i);
  }
  return count;
}

/** Deletes keys a batch at a time where the kernel can, else one by one; returns how many were there. */
export function deleteMany(map: BulkMap, keys: Iterable<unknown>): number {
  const batch = newBatch(map);
  let done = 0;
  let filled = 0;
  const flush = (): void => {
    if (filled > 0) done += flushDelete(map, batch, filled, done);
    filled = 0;
  };
  for (const key of keys) {
    map.key.writeAt(batch.keyView, filled * map.keySize, key);
    if (++filled === batch.capacity) flush();
  }
  flush();
  return done;
}

function flushDelete(map: BulkMap, batch: MapBatch, count: number, before: number): number {
  const cmd = BpfCmd.BPF_MAP_DELETE_BATCH;
  let deleted = 0;
  let at = 0;
  while (at < count && !isLacking(map.kernel, map.type, cmd)) {
    map.fd();
    const result = batch.delete(at, count);
    if (result === 0) return deleted + count - at;
    if (batch.unsupported(result)) {
      setLacking(map.kernel, map.type, cmd);
      break;
    }
    deleted += batch.count;
    if (result !== -Errno.ENOENT) throw map.refused(cmd, -result, before + deleted);
    // The kernel stops at a key that is not there; it is passed over.
    at += batch.count + 1;
  }
  for (; at < count; at++) {
    const elem = map.elem();
    elem.key.set(batch.keys.subarray(at * map.keySize, (at + 1) * map.keySize));
    const result = elem.delete();
    if (result < 0 && result !== -Errno.ENOENT)
      throw map.refused(BpfCmd.BPF_MAP_DELETE_ELEM, -result, before + deleted);
    if (result === 0) deleted++;
  }
  return deleted;
}

/** Sets all elements of an array to zeros; returns how many. */
export function zeroAll(map: BulkMap): number {
  const batch = newBatch(map);
  const indexes = new Uint32Array(batch.keys.buffer);
  for (let done = 0; done < map.maxEntries; ) {
    const count = Math.min(batch.capacity, map.maxEntries - done);
    for (let i = 0; i < count; i++) indexes[i] = done + i;
    done += flushUpdate(map, batch, count, 0, true, done);
  }
  return map.maxEntries;
}
