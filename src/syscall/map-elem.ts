import { BpfCmd, bpfAttr } from '../abi/index.js';
import type { Pointed, Sys } from './sys.js';

/** The calls that work on one element of a map. Each result is 0 or `-errno`. */
export interface MapElem {
  /** The key, to be written before a call. */
  readonly key: Uint8Array;
  /** The value, written before an update and read after a lookup. */
  readonly value: Uint8Array;
  lookup(flags?: number): number;
  update(flags: number): number;
  delete(): number;
  lookupAndDelete(flags?: number): number;
  /** Writes the key after `key` (the first one when `fromStart`) into `next`. */
  nextKey(fromStart: boolean, next: Uint8Array): number;
}

/**
 * Prepares the element calls of one map: one attr and two buffers for the life of the map, so that a call costs little over the kernel's
 * own work. `keySize` and `valueSize` are those the kernel reports for the fd, in bytes (per-CPU values: of all CPUs).
 */
export function prepareMapElem(sys: Sys, fd: number, keySize: number, valueSize: number): MapElem {
  const schema = bpfAttr.map_elem[0];
  const key = new Uint8Array(new ArrayBuffer(Math.max(keySize, 1)), 0, keySize);
  const value = new Uint8Array(new ArrayBuffer(Math.max(valueSize, 1)), 0, valueSize);
  const keyAddress = keySize ? sys.addressOf(key) : 0n;
  const valueAddress = sys.addressOf(value);
  const attr = schema.encode({ map_fd: fd, key: keyAddress, value: valueAddress });
  const words = new BigUint64Array(attr.buffer);
  const [keyWord, valueWord, flagsWord] = ['key', 'value', 'flags'].map(f => schema.offsetOf(f) / 8) as [
    number,
    number,
    number,
  ];
  const size = schema.size;
  const pointed: readonly Pointed[] = [
    { address: keyAddress, bytes: key },
    { address: valueAddress, bytes: value },
  ];
  const call = (cmd: number, flags: number): number => {
    words[flagsWord] = BigInt(flags);
    return sys.bpf(cmd, attr, size, pointed);
  };
  // A command refuses what it does not read (CHECK_ATTR in kernel/bpf/syscall.c): delete reads as far as the key.
  const keyOnly = schema.offsetOf('value');
  return {
    key,
    value,
    lookup: (flags = 0) => call(BpfCmd.BPF_MAP_LOOKUP_ELEM, flags),
    update: flags => call(BpfCmd.BPF_MAP_UPDATE_ELEM, flags),
    delete: () => sys.bpf(BpfCmd.BPF_MAP_DELETE_ELEM, attr, keyOnly, pointed),
    lookupAndDelete: (flags = 0) => call(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, flags),
    nextKey(fromStart, next) {
      const address = sys.addressOf(next);
      words[keyWord] = fromStart ? 0n : keyAddress;
      words[valueWord] = address;
      words[flagsWord] = 0n;
      const result = sys.bpf(BpfCmd.BPF_MAP_GET_NEXT_KEY, attr, schema.offsetOf('flags'), [
        { address: fromStart ? 0n : keyAddress, bytes: key },
        { address, bytes: next },
      ]);
      words[keyWord] = keyAddress;
      words[valueWord] = valueAddress;
      return result;
    },
  };
}
