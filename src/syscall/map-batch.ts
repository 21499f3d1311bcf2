import { BpfCmd, bpfAttr, hostEndian, type Struct } from '../abi/index.js';
import { Errno } from './errno.js';
import type { Pointed, Sys } from './sys.js';

const little = hostEndian === 'little';
const schema: Struct = bpfAttr.batch[0];
const countOffset = schema.offsetOf('count');
const flagsOffset = schema.offsetOf('elem_flags');
const keysOffset = schema.offsetOf('keys');
const inBatchOffset = schema.offsetOf('in_batch');

/** Bytes of one key, of one value as the kernel copies them, and how many of both there is room for. */
export interface BatchSizes {
  readonly key: number;
  readonly value: number;
  readonly capacity: number;
}

/**
 * The calls that work on many elements of a map at once (Linux 5.6; generic_map_*_batch in kernel/bpf/syscall.c,
 * __htab_map_lookup_and_delete_batch in kernel/bpf/hashtab.c). Each result is 0 or `-errno`; how many elements it is of is then in {@link count}.
 */
export class MapBatch {
  readonly capacity: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly keyView: DataView;
  readonly valueView: DataView;
  readonly #sys: Sys;
  readonly #fd: number;
  readonly #sizes: BatchSizes;
  /** Where the kernel goes on: a bucket (u32) of hash maps, a key of others. It is read before it is written, so one serves as both. */
  readonly #cursor: Uint8Array;
  readonly #attr: Uint8Array;
  readonly #view: DataView;
  readonly #pointed: readonly Pointed[];
  #started = false;
  #asked = 0;

  constructor(sys: Sys, fd: number, sizes: BatchSizes) {
    this.#sys = sys;
    this.#fd = fd;
    this.#sizes = sizes;
    this.capacity = Math.max(1, sizes.capacity);
    this.keys = new Uint8Array(this.capacity * sizes.key);
    this.values = new Uint8Array(this.capacity * sizes.value);
    this.#cursor = new Uint8Array(Math.max(4, sizes.key));
    const pointed = [this.#cursor, this.keys, this.values].map(bytes => ({
      address: bytes.length ? sys.addressOf(bytes) : 0n,
      bytes,
    }));
    const [cursor, keys, values] = pointed.map(p => p.address);
    this.#attr = schema.encode({ out_batch: cursor!, keys: keys!, values: values!, map_fd: fd });
    this.#pointed = pointed;
    const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = viewOf(this.#attr);
    this.keyView = viewOf(this.keys);
    this.valueView = viewOf(this.values);
  }

  /** Elements that the last call read or did. */
  get count(): number {
    return this.#view.getUint32(countOffset, little);
  }

  /** Fills keys and values with the elements after those of the last call: ENOENT with the last of them, ENOSPC when a hash bucket needs more room. */
  lookup(): number {
    return this.#next(BpfCmd.BPF_MAP_LOOKUP_BATCH);
  }

  /** {@link lookup} of elements that are deleted in the same step. */
  lookupAndDelete(): number {
    return this.#next(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH);
  }

  /** Writes the first `count` keys and values. `flags` may be BPF_F_LOCK only. */
  update(count: number, flags = 0): number {
    return this.#call(BpfCmd.BPF_MAP_UPDATE_BATCH, count, flags);
  }

  /** Deletes the keys from one on, to before another; ENOENT at the first that is not there. */
  delete(from: number, to: number): number {
    const [cursor, all, values] = this.#pointed as [Pointed, Pointed, Pointed];
    const bytes = this.keys.subarray(from * this.#sizes.key, to * this.#sizes.key);
    const keys = { address: all.address + BigInt(from * this.#sizes.key), bytes };
    this.#view.setBigUint64(keysOffset, keys.address, little);
    const result = this.#call(BpfCmd.BPF_MAP_DELETE_BATCH, to - from, 0, [cursor, keys, values]);
    this.#view.setBigUint64(keysOffset, all.address, little);
    return result;
  }

  /** Whether `result` says that the kernel, or the type of this map, does not have the command: then it has left the count alone. */
  unsupported(result: number): boolean {
    return missing.has(-result) && this.count === this.#asked;
  }

  /** The same place in the map with room for more. */
  grown(capacity: number): MapBatch {
    const larger = new MapBatch(this.#sys, this.#fd, { ...this.#sizes, capacity });
    larger.#cursor.set(this.#cursor);
    if (this.#started) larger.#start();
    return larger;
  }

  #next(cmd: number): number {
    const result = this.#call(cmd, this.capacity, 0);
    // A bucket that does not fit leaves the cursor at it; other errors may leave none.
    const stopped = result === -Errno.EINTR && this.count > 0;
    if (!this.#started && (result === 0 || result === -Errno.ENOSPC || stopped)) this.#start();
    return result;
  }

  #start(): void {
    this.#started = true;
    this.#view.setBigUint64(inBatchOffset, this.#pointed[0]!.address, little);
  }

  #call(cmd: number, count: number, flags: number, pointed = this.#pointed): number {
    this.#asked = count;
    this.#view.setUint32(countOffset, count, little);
    this.#view.setUint32(flagsOffset + (little ? 0 : 4), flags, little);
    return this.#sys.bpf(cmd, this.#attr, schema.size, pointed);
  }
}

/** EINVAL of a kernel that does not know the command; ENOTSUPP of a map type that does not have it. */
const missing: ReadonlySet<number> = new Set([Errno.EINVAL, Errno.ENOTSUPP, Errno.EOPNOTSUPP]);
