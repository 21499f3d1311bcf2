import { BpfCmd, bpfAttr, type Struct } from '../abi/index.js';
import type { Pointed, Sys } from './sys.js';

/** The calls that work on one element of a map. Each result is 0 or `-errno`. */
export interface MapElem {
  /** The key, to be written before a call. */
  readonly key: Uint8Array;
  /** The value, written before an update and read after a lookup. */
  readonly value: Uint8Array;
  /** The same memory, for codecs. */
  readonly keyView: DataView;
  readonly valueView: DataView;
  lookup(flags?: number): number;
  update(flags: number): number;
  delete(): number;
  lookupAndDelete(flags?: number): number;
  /** Writes the key after `key` (the first one when `fromStart`) into `next`. */
  nextKey(fromStart: boolean, next: Uint8Array): number;
}

const schema: Struct = bpfAttr.map_elem[0];
const flagsOffset = schema.offsetOf('flags');

/**
 * Prepares the element calls of one map: attrs and buffers for the life of the map, whose addresses are taken once, so that a call costs
 * little over the kernel's own work. `keySize` and `valueSize` are those the kernel reports for the fd, in bytes (per-CPU values: of all CPUs).
 */
export function prepareMapElem(sys: Sys, fd: number, keySize: number, valueSize: number): MapElem {
  const key = memory(sys, keySize);
  const value = memory(sys, valueSize);
  const next = memory(sys, keySize);
  const element = new PreparedCall(sys, fd, key, value);
  const firstKey = new PreparedCall(sys, fd, { address: 0n, bytes: key.bytes }, next);
  const keyAfter = new PreparedCall(sys, fd, key, next);
  return {
    key: key.bytes,
    value: value.bytes,
    keyView: view(key),
    valueView: view(value),
    lookup: (flags = 0) => element.call(BpfCmd.BPF_MAP_LOOKUP_ELEM, flags),
    update: flags => element.call(BpfCmd.BPF_MAP_UPDATE_ELEM, flags),
    delete: () => element.callWithoutFlags(BpfCmd.BPF_MAP_DELETE_ELEM, schema.offsetOf('value')),
    lookupAndDelete: (flags = 0) => element.call(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, flags),
    nextKey(fromStart, into) {
      const prepared = fromStart ? firstKey : keyAfter;
      const result = prepared.callWithoutFlags(BpfCmd.BPF_MAP_GET_NEXT_KEY, flagsOffset);
      into.set(next.bytes);
      return result;
    },
  };
}

function memory(sys: Sys, size: number): Pointed {
  const bytes = new Uint8Array(new ArrayBuffer(Math.max(size, 1)), 0, size);
  return { address: size ? sys.addressOf(bytes) : 0n, bytes };
}

const view = ({ bytes }: Pointed): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** One attr whose address is known, with the memory that it points at. */
class PreparedCall {
  readonly #sys: Sys;
  readonly #attr: Uint8Array;
  readonly #address: number;
  readonly #flags: BigUint64Array;
  readonly #pointed: readonly Pointed[];
  #lastFlags = 0;

  constructor(sys: Sys, fd: number, key: Pointed, value: Pointed) {
    this.#sys = sys;
    this.#attr = schema.encode({ map_fd: fd, key: key.address, value: value.address });
    this.#address = Number(sys.addressOf(this.#attr));
    this.#flags = new BigUint64Array(this.#attr.buffer, flagsOffset, 1);
    this.#pointed = [key, value];
  }

  call(cmd: number, flags: number): number {
    // Making the bigint costs as much as the rest of the call, and the flags are nearly always the same.
    if (flags !== this.#lastFlags) this.#flags[0] = BigInt(flags);
    this.#lastFlags = flags;
    return this.#sys.bpf(cmd, this.#attr, schema.size, this.#pointed, this.#address);
  }

  callWithoutFlags(cmd: number, size: number): number {
    return this.#sys.bpf(cmd, this.#attr, size, this.#pointed, this.#address);
  }
}
